/* SPDX-License-Identifier: Apache-2.0 */
/* Unlocks that failed, until a session can sign for them (format/ledger §6). */
#include "app/act_internal.h"

#include "base/cursor.h"
#include "base/file.h"
#include "crypto/seal.h"

#include <fcntl.h>
#include <pwd.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

static const char UNAUTHENTICATED[] = "ledger/unauthenticated";
static const char TAKEN[] = "ledger/unauthenticated.taken";

/* One line as JSON; NULL: it is none. In an encrypted vault it is sealed to the vault: before
 * unlocking only that it is there is known. */
static json_t *parse_line(const struct act *act, const char *line, size_t length) {
    SEAL_AUTO_SECRET uint8_t *plain = NULL;
    EX_AUTO_FREE uint8_t *sealed = NULL;
    size_t size = 0;
    if (vault_config(act->vault)->plain)
        return json_loadb(line, length, 0, NULL);
    if (act->keyring == NULL)
        return json_pack("{s:b}", "sealed", 1);
    if (ex_alloc(length, 1, EX_LIMIT_CONFIG_BYTES, "a failed unlock", &sealed, NULL) != EX_OK ||
        sodium_base642bin(sealed, length, line, length, NULL, &size, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        seal_box_open(vault_keyring_box_secret(act->keyring), sealed, size, &plain, NULL) != EX_OK)
        return NULL;
    return json_loadb((const char *)plain, size - SEAL_BOX_OVERHEAD_BYTES, 0, NULL);
}

static void add_attempts(struct act *act, const char *name, json_t *list) {
    EX_AUTO_FREE uint8_t *data = NULL;
    size_t size, at = 0;
    ex_code code =
        ex_read_file(vault_dir_fd(act->vault), name, EX_LIMIT_CONFIG_BYTES, &data, &size, NULL);
    if (code == EX_NOT_FOUND)
        return;
    if (code != EX_OK)
        json_array_append_new(list, json_pack("{s:s}", "unreadable", ex_code_name(code)));
    while (code == EX_OK && at < size) {
        size_t length = strcspn((const char *)data + at, "\n");
        json_t *one = parse_line(act, (const char *)data + at, length);
        json_array_append_new(
            list, one != NULL ? one : json_pack("{s:s}", "unreadable", "a damaged line"));
        at += length + 1;
    }
}

json_t *unlock_attempts(struct act *act) {
    json_t *list = json_array();
    add_attempts(act, TAKEN, list);
    add_attempts(act, UNAUTHENTICATED, list);
    return list;
}

json_t *unlock_attempts_take(struct act *act) {
    int fd = vault_dir_fd(act->vault);
    bool regular;
    /* What an earlier session took and did not get into the ledger stays; the rest waits its turn.
     */
    if (!ex_exists(fd, TAKEN, &regular))
        (void)!ex_publish(fd, UNAUTHENTICATED, fd, TAKEN, NULL);
    json_t *list = json_array();
    add_attempts(act, TAKEN, list);
    return list;
}

/* What could not be read whole is kept, not forgotten. */
void unlock_attempts_forget(struct act *act) {
    int fd = vault_dir_fd(act->vault);
    json_t *list = json_array(), *one;
    bool whole = true;
    size_t i;
    add_attempts(act, TAKEN, list);
    json_array_foreach(list, i, one) whole = whole && json_object_get(one, "unreadable") == NULL;
    json_decref(list);
    if (!whole) {
        char kept[64];
        (void)snprintf(kept, sizeof kept, "ledger/beyond/unauthenticated-%08x",
                       randombytes_random());
        if (ex_make_parents(fd, kept, NULL) == EX_OK)
            (void)!ex_publish(fd, TAKEN, fd, kept, NULL);
        return;
    }
    (void)ex_remove(vault_dir_fd(act->vault), TAKEN, false);
}

static json_t *attempt_json(const struct act *act) {
    struct ex_clock now;
    struct utsname system;
    struct passwd *user = getpwuid(geteuid());
    const char *claimed = act_officer(act);
    ex_clock_read(&now);
    json_t *json = json_pack("{s:o}", "time", json_time(now.utc_ns));
    json_set_text(json, "user", user != NULL ? user->pw_name : "?");
    json_set_text(json, "machine", uname(&system) == 0 ? system.nodename : "?");
    json_set_text(json, "officer", claimed != NULL ? claimed : "");
    return json;
}

/* Takes `text` over; NULL when there is no line. A thief of the disk shall not read names. */
static char *attempt_line(const struct act *act, char *text) {
    const struct vault_config *config = vault_config(act->vault);
    EX_AUTO_FREE char *plain = text;
    if (text == NULL)
        return NULL;
    size_t size = strlen(text), sealed_size = size + SEAL_BOX_OVERHEAD_BYTES,
           line_size = sodium_base64_encoded_len(sealed_size, sodium_base64_VARIANT_ORIGINAL);
    char *line = malloc(line_size + size + 2);
    EX_AUTO_FREE uint8_t *sealed = malloc(sealed_size);
    if (line == NULL || sealed == NULL) {
        free(line);
        return NULL;
    }
    if (config->plain)
        memcpy(line, plain, size + 1);
    else if (seal_box(config->box, (const uint8_t *)plain, size, sealed, NULL) == EX_OK)
        sodium_bin2base64(line, line_size, sealed, sealed_size, sodium_base64_VARIANT_ORIGINAL);
    else
        line[0] = '\0';
    strcat(line, "\n");
    return line;
}

/* Nobody can sign for it, so it is only noted; the next session takes it into the ledger. False
 * when even that was not possible. */
bool act_note_failed_unlock(struct act *act) {
    EX_AUTO_FD int fd = -1;
    json_t *json = attempt_json(act);
    EX_AUTO_FREE char *line = attempt_line(act, json_dumps(json, JSON_COMPACT));
    json_decref(json);
    return line != NULL &&
           ex_open_at(vault_dir_fd(act->vault), UNAUTHENTICATED, O_WRONLY | O_CREAT | O_APPEND, &fd,
                      NULL) == EX_OK &&
           ex_write_all(fd, line, strlen(line), UNAUTHENTICATED, NULL) == EX_OK &&
           ex_sync_fd(fd, UNAUTHENTICATED, NULL) == EX_OK;
}
