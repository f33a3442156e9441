/* SPDX-License-Identifier: Apache-2.0 */
/* format/package §4.1 */
#include "transport/package_read.h"

#include "base/file.h"
#include "transport/outlet_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 20 };

static ex_code feed(int fd, const char *path, struct outlet *sha256, struct outlet *blake2b,
                    struct ex_progress *progress, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *buffer = ex_new0_bytes(BUFFER_BYTES);
    for (;;) {
        ssize_t got = read(fd, buffer, BUFFER_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ex_fail_sys(err, "could not read \"%s\"", path);
        if (got == 0)
            return EX_OK;
        EX_TRY(outlet_write(sha256, buffer, (size_t)got, err));
        EX_TRY(outlet_write(blake2b, buffer, (size_t)got, err));
        EX_TRY(ex_progress_step(progress, (uint64_t)got, err));
    }
}

static ex_code hash_file(const char *path, struct ex_progress *progress,
                         struct package_signatures *ret, struct ex_error *err) {
    EX_AUTO(outlet_free) struct outlet *sha256 = NULL, *blake2b = NULL;
    struct outlet_sums sums;
    EX_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return ex_fail_sys(err, "could not open \"%s\"", path);
    EX_TRY(outlet_new(-1, path, OUTLET_SHA256, &sha256, err));
    EX_TRY(outlet_new(-1, path, OUTLET_BLAKE2B, &blake2b, err));
    EX_TRY(feed(fd, path, sha256, blake2b, progress, err));
    EX_TRY(outlet_finish(sha256, &sums, err));
    memcpy(ret->sha256, sums.sha256, sizeof ret->sha256);
    ret->size_bytes = sums.size_bytes;
    EX_TRY(outlet_finish(blake2b, &sums, err));
    memcpy(ret->blake2b, sums.blake2b, sizeof ret->blake2b);
    return EX_OK;
}

/* PATH and a suffix; NULL when it cannot be had, and why. ret_there: nevertheless it is there. */
static uint8_t *read_beside(const char *path, const char *suffix, size_t limit, bool *ret_there,
                            size_t *ret_size, char why[static 160]) {
    EX_AUTO_FREE char *name = NULL;
    uint8_t *data = NULL;
    struct ex_error err;
    if (asprintf(&name, "%s%s", path, suffix) < 0)
        return NULL;
    ex_code code = ex_read_file(AT_FDCWD, name, limit, &data, ret_size, &err);
    if (code == EX_NOT_FOUND)
        (void)snprintf(why, 160, "missing: no %s lies beside the package", suffix);
    else if (code != EX_OK)
        (void)snprintf(why, 160, "%.150s", err.text);
    *ret_there = code == EX_OK || code == EX_LIMIT;
    return code == EX_OK ? data : NULL;
}

ex_code package_signatures_read(const char *path, struct ex_progress *progress,
                                struct package_signatures *ret, struct ex_error *err) {
    struct ex_error why;
    size_t size;
    *ret = (struct package_signatures){0};
    EX_TRY(hash_file(path, progress, ret, err));
    EX_AUTO_FREE uint8_t *minisig = read_beside(path, ".minisig", MINISIGN_FILE_MAX,
                                                &ret->minisig_read, &size, ret->minisig_why);
    if (minisig != NULL) {
        ret->has_minisig =
            minisign_parse((const char *)minisig, size, &ret->minisig, &why) == EX_OK;
        if (!ret->has_minisig)
            (void)snprintf(ret->minisig_why, sizeof ret->minisig_why, "%.150s", why.text);
    }
    EX_AUTO_FREE uint8_t *sshsig =
        read_beside(path, ".sig", SSHSIG_TEXT_MAX, &ret->sshsig_read, &size, ret->sshsig_why);
    if (sshsig != NULL) {
        ret->has_sshsig = sshsig_parse((const char *)sshsig, size, &ret->sshsig, &why) == EX_OK;
        if (!ret->has_sshsig)
            (void)snprintf(ret->sshsig_why, sizeof ret->sshsig_why, "%.150s", why.text);
    }
    return EX_OK;
}

ex_code package_signed_by(const struct package_signatures *s,
                          const uint8_t key[static SIGN_PUBLIC_BYTES], struct ex_error *err) {
    struct minisign_key name;
    if (!s->minisig_read)
        return ex_fail(err, EX_SIGNATURE, "the minisign signature could not be checked: %.150s",
                       s->minisig_why);
    if (!s->has_minisig)
        return ex_fail(err, EX_SIGNATURE, "there is no minisign signature: %.150s", s->minisig_why);
    minisign_key_make(key, &name);
    return minisign_verify(&s->minisig, &name, s->blake2b, err);
}
