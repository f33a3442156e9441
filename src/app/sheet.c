/* SPDX-License-Identifier: Apache-2.0 */
/* The recovery sheet as a file: made new, for its owner's eyes only, never over another. */
#include "app/keys_internal.h"

#include "base/cursor.h"
#include "base/file.h"
#include "crypto/seal.h"
#include "report/recovery_sheet.h"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

static bool is_stdout(const struct sheet_file *f) {
    return strcmp(f->path, "-") == 0;
}

ex_code sheet_reserve(struct act *act, const char *path, struct sheet_file *ret,
                      struct ex_error *err) {
    *ret = (struct sheet_file){.path = path, .fd = act->face->output_fd};
    if (is_stdout(ret))
        return EX_OK;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return ex_hint(ex_fail_sys(err, "could not make the recovery sheet \"%s\"", path), err,
                       "name a file that is not there yet");
    ret->fd = fd;
    return EX_OK;
}

void sheet_discard(struct sheet_file *f) {
    if (f->path == NULL || is_stdout(f) || f->fd < 0)
        return;
    ex_fd_close(f->fd);
    f->fd = -1;
    (void)unlink(f->path);
}

static bool wants_text(const struct sheet_file *f) {
    size_t size = strlen(f->path);
    return is_stdout(f) || (size >= 4 && strcmp(f->path + size - 4, ".txt") == 0);
}

/* Without it the file's name may be gone after a crash. */
static ex_code sync_directory(const char *path, struct ex_error *err) {
    const char *slash = strrchr(path, '/');
    EX_AUTO_FREE char *directory =
        slash == NULL ? ex_strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
    EX_AUTO_FD int fd =
        directory != NULL ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd < 0)
        return ex_fail_sys(err, "could not open the directory of \"%s\"", path);
    return ex_sync_fd(fd, path, err);
}

static ex_code put(struct sheet_file *f, const char *text, size_t size, struct ex_error *err) {
    EX_TRY(ex_write_all(f->fd, text, size, f->path, err));
    if (is_stdout(f))
        return EX_OK;
    ex_code code = ex_sync_fd(f->fd, f->path, err);
    ex_fd_close(f->fd);
    f->fd = -1;
    return code == EX_OK ? sync_directory(f->path, err) : code;
}

ex_code sheet_write(struct act *act, struct sheet_file *f, const struct recovery_code *code,
                    const uint8_t slot[static VAULT_SLOT_ID_BYTES], struct ex_error *err) {
    const struct vault_config *config = vault_config(act->vault);
    char vault[2 * VAULT_ID_BYTES + 1], officer[2 * VAULT_ID_BYTES + 1], vkey[NOTE_VKEY_MAX];
    char key[64], slot_short[SLOT_SHORT_CHARS + 1];
    struct ex_clock now;
    size_t size;
    SEAL_AUTO_SECRET char *text = NULL;
    ex_clock_read(&now);
    sodium_bin2base64(key, sizeof key, sign_key_public(act->officer.sign), SIGN_PUBLIC_BYTES,
                      sodium_base64_VARIANT_ORIGINAL);
    struct recovery_sheet sheet = {
        .vault_id = ex_hex(vault, config->id, sizeof config->id),
        .origin = config->origin,
        .vault_key = note_key_text(&config->key, vkey),
        .agency = act->agency,
        .officer_name = act->officer_name,
        .officer_id = ex_hex(officer, act->officer.id, sizeof act->officer.id),
        .officer_key = key,
        .slot = keys_slot_short(slot_short, slot),
        .created_ns = now.utc_ns,
        .code = code,
    };
    EX_TRY(recovery_sheet_make(&sheet, wants_text(f) ? RECOVERY_SHEET_TEXT : RECOVERY_SHEET_HTML,
                               &text, &size, err));
    return put(f, text, size, err);
}
