/* SPDX-License-Identifier: Apache-2.0 */
/* The use cases of checking a package and of opening it. They need no vault and leave no entry: an
 * outsider must be able to. */
#include "app/package_internal.h"

#include "base/file.h"
#include "crypto/secret.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { IDENTITIES_BYTES_MAX = 1 << 20 };

/* ---- beginning ---- */

static ex_code read_identities(struct act *act, struct unpacking *u, struct ex_error *err) {
    const char *path = act_flag(act, FLAG_IDENTITY);
    uint8_t *text = NULL;
    size_t size;
    EX_TRY(age_identities_new(&u->identities, err));
    if (act->officer.box_secret != NULL)
        EX_TRY(age_identities_add(u->identities, act->officer.box_secret, err));
    if (path != NULL) {
        EX_TRY(ex_read_file(AT_FDCWD, path, IDENTITIES_BYTES_MAX, &text, &size, err));
        ex_code code = age_identities_parse_file(u->identities, (const char *)text, size, err);
        sodium_memzero(text, size);
        free(text);
        EX_TRY(code);
    }
    if (u->is_dir || age_identities_count(u->identities) > 0)
        return EX_OK;
    return ex_hint(
        ex_fail(err, EX_USAGE, "the package is encrypted, and no key was given"), err,
        "say where the age identity is: --identity FILE (an officer's own key opens it in "
        "exhibit package import)");
}

static ex_code read_keys(struct act *act, struct unpacking *u, struct ex_error *err) {
    const char *key = act_flag(act, FLAG_KEY), *signer = act_flag(act, FLAG_SIGNER);
    if (key != NULL) {
        EX_TRY(note_key_parse(key, &u->key, err));
        u->has_key = true;
    }
    if (signer != NULL) {
        EX_TRY(minisign_key_parse(signer, strlen(signer), &u->signer, err));
        u->has_signer = true;
    }
    return EX_OK;
}

static ex_code check_signatures(struct act *act, struct unpacking *u, struct ex_error *err) {
    struct ex_progress *progress = act->face->progress;
    struct stat st;
    if (progress != NULL) {
        progress->phase = "checking the signature";
        atomic_store(&progress->total_bytes, stat(u->path, &st) == 0 ? (uint64_t)st.st_size : 0);
    }
    u->signatures = ex_new0(struct package_signatures);
    EX_TRY(package_signatures_read(u->path, progress, u->signatures, err));
    if (u->has_signer)
        return ex_hint(package_signed_by(u->signatures, u->signer.public_key, err), err,
                       "nothing in the package was read; do not trust it");
    return EX_OK;
}

ex_code unpacking_begin(struct act *act, struct unpacking *u, struct ex_error *err) {
    struct stat st;
    u->path = act->request->operand[0];
    u->report = ex_new0(struct package_report);
    if (stat(u->path, &st) != 0)
        return ex_fail_sys(err, "could not open \"%s\"", u->path);
    u->is_dir = S_ISDIR(st.st_mode);
    EX_TRY(read_keys(act, u, err));
    EX_TRY(read_identities(act, u, err));
    return u->is_dir ? EX_OK : check_signatures(act, u, err);
}

ex_code unpacking_read(struct act *act, struct unpacking *u, const struct package_visitor *visitor,
                       struct ex_error *err) {
    struct ex_progress *progress = act->face->progress;
    const uint8_t *key = u->has_key ? u->key.public_key : NULL;
    if (progress != NULL) {
        progress->phase = "reading the package";
        atomic_store(&progress->done_bytes, 0);
    }
    return u->is_dir ? package_read_dir(u->path, key, visitor, progress, u->report, err)
                     : package_read_file(u->path, u->identities, u->signatures->sha256, key,
                                         visitor, progress, u->report, err);
}

void unpacking_clear(struct unpacking *u) {
    age_identities_free(u->identities);
    free(u->signatures);
    if (u->report != NULL)
        package_report_clear(u->report);
    free(u->report);
}

static ex_code report(struct act *act, const struct unpacking *u, json_t **ret_result) {
    json_t *claims = unpacking_claims(u, &act->verdict);
    *ret_result = json_pack("{s:o, s:o}", "package", unpacking_json(u), "claims", claims);
    return EX_OK;
}

/* ---- package verify ---- */

ex_code app_package_verify(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct unpacking u = {0};
    ex_code code = unpacking_begin(act, &u, err);
    if (code == EX_OK)
        code = unpacking_read(act, &u, NULL, err);
    if (code == EX_OK)
        code = report(act, &u, ret_result);
    unpacking_clear(&u);
    return code;
}

/* ---- package open ---- */

struct opening {
    int dir_fd;
    uint8_t *buffer;
};

enum { OPEN_BUFFER_BYTES = 1 << 20 };

static ex_code create_file(const struct opening *o, const char *path, int *ret_fd,
                           struct ex_error *err) {
    EX_TRY(ex_make_parents(o->dir_fd, path, err));
    *ret_fd = openat(o->dir_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return *ret_fd >= 0 ? EX_OK : ex_fail_sys(err, "could not write \"%s\"", path);
}

static ex_code write_tag(void *context, const char *path, const uint8_t *data, size_t size_bytes,
                         struct ex_error *err) {
    const struct opening *o = context;
    EX_AUTO_FD int fd = -1;
    EX_TRY(create_file(o, path, &fd, err));
    EX_TRY(ex_write_all(fd, data, size_bytes, path, err));
    return ex_sync_fd(fd, path, err);
}

static ex_code write_payload(void *context, const char *path, size_t position, uint64_t size_bytes,
                             source_pull_fn *pull, void *pull_context, struct ex_error *err) {
    const struct opening *o = context;
    EX_AUTO_FD int fd = -1;
    (void)position;
    EX_TRY(create_file(o, path, &fd, err));
    for (uint64_t left = size_bytes; left > 0;) {
        size_t got;
        EX_TRY(pull(pull_context, o->buffer, OPEN_BUFFER_BYTES, &got, err));
        EX_TRY(ex_write_all(fd, o->buffer, got, path, err));
        left -= got;
    }
    return ex_sync_fd(fd, path, err);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at) {
    (void)st;
    (void)type;
    (void)at;
    (void)remove(path); /* what stays is named .part */
    return 0;
}

static void remove_tree(const char *path) {
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static ex_code open_into(struct act *act, struct unpacking *u, const char *temp,
                         struct ex_error *err) {
    struct opening o = {.dir_fd = -1};
    const struct package_visitor visitor = {
        .tag = write_tag, .payload = write_payload, .context = &o};
    if (mkdir(temp, 0700) != 0)
        return ex_hint(ex_fail_sys(err, "could not make \"%s\"", temp), err,
                       "check that its folder exists and that you may write there");
    o.dir_fd = open(temp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    o.buffer = ex_new0_bytes(OPEN_BUFFER_BYTES);
    ex_code code = o.dir_fd >= 0 ? unpacking_read(act, u, &visitor, err)
                                 : ex_fail_sys(err, "could not open \"%s\"", temp);
    free(o.buffer);
    ex_fd_close(o.dir_fd);
    return code;
}

static ex_code opening(struct act *act, struct unpacking *u, json_t **ret_result,
                       struct ex_error *err) {
    const char *output = act_flag(act, FLAG_OUTPUT);
    EX_AUTO_FREE char *temp = NULL;
    struct stat st;
    EX_TRY(unpacking_begin(act, u, err));
    if (u->is_dir)
        return ex_hint(ex_fail(err, EX_USAGE, "\"%s\" is open already", u->path), err,
                       "exhibit package verify %s", u->path);
    if (lstat(output, &st) == 0)
        return ex_hint(ex_fail(err, EX_EXISTS, "\"%s\" is there already", output), err,
                       "choose another name; exhibit never writes over anything");
    if (asprintf(&temp, "%s.%08x.part", output, randombytes_random()) < 0)
        return ex_fail(err, EX_NOMEM, "no memory for a file name");
    ex_code code = open_into(act, u, temp, err);
    if (code == EX_OK)
        code = ex_publish(AT_FDCWD, temp, AT_FDCWD, output, err);
    if (code != EX_OK) {
        remove_tree(temp);
        return code;
    }
    EX_TRY(report(act, u, ret_result));
    json_set_text(*ret_result, "output", output);
    return EX_OK;
}

ex_code app_package_open(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct unpacking u = {0};
    ex_code code = opening(act, &u, ret_result, err);
    unpacking_clear(&u);
    return code;
}
