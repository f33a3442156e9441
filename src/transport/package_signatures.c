/* SPDX-License-Identifier: Apache-2.0 */
/* format/package §4.1 */
#include "transport/package_read.h"

#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 20 };

static ex_code hash_file(const char *path, struct ex_progress *progress,
                         struct package_signatures *ret, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *buffer = ex_new0_bytes(BUFFER_BYTES);
    EX_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct sha256 sha256;
    struct minisign_hash blake2b;
    if (fd < 0)
        return ex_fail_sys(err, "could not open \"%s\"", path);
    sha256_start(&sha256);
    minisign_hash_start(&blake2b);
    for (;;) {
        ssize_t got = read(fd, buffer, BUFFER_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ex_fail_sys(err, "could not read \"%s\"", path);
        if (got == 0)
            break;
        sha256_add(&sha256, buffer, (size_t)got);
        minisign_hash_add(&blake2b, buffer, (size_t)got);
        ret->size_bytes += (uint64_t)got;
        EX_TRY(ex_progress_step(progress, (uint64_t)got, err));
    }
    sha256_end(&sha256, ret->sha256);
    minisign_hash_end(&blake2b, ret->blake2b);
    return EX_OK;
}

/* PATH and a suffix; NULL when there is none, and why. */
static uint8_t *read_beside(const char *path, const char *suffix, size_t limit, size_t *ret_size,
                            char why[static 160]) {
    EX_AUTO_FREE char *name = NULL;
    uint8_t *data = NULL;
    struct ex_error err;
    if (asprintf(&name, "%s%s", path, suffix) < 0)
        return NULL;
    if (ex_read_file(AT_FDCWD, name, limit, &data, ret_size, &err) != EX_OK) {
        (void)snprintf(why, 160, "%.150s", err.text);
        return NULL;
    }
    return data;
}

ex_code package_signatures_read(const char *path, struct ex_progress *progress,
                                struct package_signatures *ret, struct ex_error *err) {
    struct ex_error why;
    size_t size;
    *ret = (struct package_signatures){0};
    EX_TRY(hash_file(path, progress, ret, err));
    EX_AUTO_FREE uint8_t *minisig =
        read_beside(path, ".minisig", MINISIGN_FILE_MAX, &size, ret->minisig_why);
    if (minisig != NULL) {
        ret->has_minisig =
            minisign_parse((const char *)minisig, size, &ret->minisig, &why) == EX_OK;
        if (!ret->has_minisig)
            (void)snprintf(ret->minisig_why, sizeof ret->minisig_why, "%.150s", why.text);
    }
    EX_AUTO_FREE uint8_t *sshsig =
        read_beside(path, ".sig", SSHSIG_TEXT_MAX, &size, ret->sshsig_why);
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
    if (!s->has_minisig)
        return ex_fail(err, EX_SIGNATURE, "there is no minisign signature: %.150s", s->minisig_why);
    minisign_key_make(key, &name);
    return minisign_verify(&s->minisig, &name, s->blake2b, err);
}
