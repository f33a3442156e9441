/* SPDX-License-Identifier: Apache-2.0 */
/* vault.json, making and opening: format/vault §1, §2. */
#include "base/clock.h"
#include "vault/vault_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static ex_code make_directory(const char *path, int *ret_fd, struct ex_error *err) {
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return ex_fail_sys(err, "could not make the vault \"%s\"", path);
    EX_AUTO_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ex_fail_sys(err, "could not open \"%s\"", path);
    DIR *dir = fdopendir(dup(fd));
    struct dirent *e;
    bool empty = dir != NULL;
    while (empty && (e = readdir(dir)) != NULL)
        empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
                strcmp(e->d_name, VAULT_MAKING) == 0;
    if (dir != NULL)
        closedir(dir);
    if (!empty)
        return ex_hint(ex_fail(err, EX_EXISTS, "\"%s\" is there already and is not empty", path),
                       err, "name a directory that does not exist yet");
    *ret_fd = ex_steal_fd(&fd);
    return EX_OK;
}

static ex_code config_write(int fd, struct vault_config *config, struct ex_error *err) {
    char id[2 * VAULT_ID_BYTES + 1], created[EX_TIME_TEXT_BYTES], vkey[NOTE_VKEY_MAX];
    char box[64];
    json_t *json =
        json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:s}", "format", "exhibit-vault", "version",
                  VAULT_FORMAT_VERSION, "id", ex_hex(id, config->id, sizeof config->id), "origin",
                  config->origin, "mode", config->plain ? "plain" : "encrypted", "created",
                  ex_time_text(created, config->created_ns), "vault_key",
                  note_key_text(&config->key, vkey), "box",
                  sodium_bin2base64(box, sizeof box, config->box, sizeof config->box,
                                    sodium_base64_VARIANT_ORIGINAL));
    EX_AUTO_FREE char *text = json != NULL ? json_dumps(json, JSON_INDENT(2)) : NULL;
    json_decref(json);
    if (text == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for vault.json");
    sha256_of(text, strlen(text), config->sha256);
    return ex_write_file(fd, "vault.json", text, strlen(text), EX_WRITE_NEW, err);
}

ex_code vault_create(const char *path, bool encrypted,
                     const uint8_t vault_key[static SIGN_PUBLIC_BYTES],
                     const uint8_t box[static 32], struct vault_config *ret, struct ex_error *err) {
    static const char *const sub[] = {"packs", "index", "work", "keys"};
    struct vault_config config = {.plain = !encrypted};
    struct ex_clock now;
    char id[2 * VAULT_ID_BYTES + 1];
    EX_AUTO_FD int fd = -1;
    randombytes_buf(config.id, sizeof config.id);
    memcpy(config.box, box, sizeof config.box);
    (void)snprintf(config.origin, sizeof config.origin, "exhibit-vault/%s",
                   ex_hex(id, config.id, sizeof config.id));
    ex_clock_read(&now);
    config.created_ns = now.utc_ns;
    EX_TRY(note_key_make(config.origin, NOTE_TYPE_ED25519, vault_key, &config.key, err));
    EX_TRY(make_directory(path, &fd, err));
    EX_AUTO_FD int above = -1; /* not everybody may read it */
    if (ex_open_at(fd, "..", O_RDONLY | O_DIRECTORY, &above, NULL) == EX_OK)
        EX_TRY(ex_sync_fd(above, path, err));
    for (size_t i = 0; i < sizeof sub / sizeof sub[0]; i++) {
        EX_AUTO_FD int sub_fd = -1;
        EX_TRY(ex_open_dir_at(fd, sub[i], true, &sub_fd, err));
    }
    EX_TRY(config_write(fd, &config, err));
    *ret = config;
    return EX_OK;
}

static ex_code unknown_version(struct ex_error *err, long long version) {
    return ex_hint(ex_fail(err, EX_UNSUPPORTED,
                           "this vault has format version %lld; this program knows %d", version,
                           VAULT_FORMAT_VERSION),
                   err, "use the exhibit that made it, or a newer one; nothing was touched");
}

static ex_code config_mode(const char *mode, struct vault_config *c, struct ex_error *err) {
    c->plain = strcmp(mode, "plain") == 0;
    if (c->plain || strcmp(mode, "encrypted") == 0)
        return EX_OK;
    return ex_hint(ex_fail(err, EX_UNSUPPORTED, "this vault has the mode \"%.20s\"", mode), err,
                   "use the exhibit that made it, or a newer one; nothing was touched");
}

static ex_code config_fields(json_t *json, struct vault_config *c, struct ex_error *err) {
    const char *format, *id, *origin, *mode, *created, *vkey, *box;
    json_int_t version;
    if (json_unpack(json, "{s:s, s:I}", "format", &format, "version", &version) != 0 ||
        strcmp(format, "exhibit-vault") != 0)
        return ex_fail(err, EX_FORMAT, "vault.json does not describe a vault");
    if (version != VAULT_FORMAT_VERSION)
        return unknown_version(err, version);
    if (json_unpack(json, "{s:s, s:s, s:s, s:s, s:s, s:s}", "id", &id, "origin", &origin, "mode",
                    &mode, "created", &created, "vault_key", &vkey, "box", &box) != 0 ||
        !ex_parse_hex(id, strlen(id), c->id, sizeof c->id) || strlen(origin) >= sizeof c->origin ||
        !ex_time_parse(created, strlen(created), &c->created_ns) ||
        !ex_parse_base64(box, strlen(box), c->box, sizeof c->box))
        return ex_fail(err, EX_FORMAT, "vault.json is damaged");
    if (strncmp(origin, "exhibit-vault/", 14) != 0 || strcmp(origin + 14, id) != 0)
        return ex_fail(err, EX_FORMAT, "the origin in vault.json is not this vault's");
    memcpy(c->origin, origin, strlen(origin) + 1);
    EX_TRY(config_mode(mode, c, err));
    EX_TRY(note_key_parse(vkey, &c->key, err));
    if (strcmp(c->key.name, c->origin) != 0 || c->key.type != NOTE_TYPE_ED25519)
        return ex_fail(err, EX_FORMAT, "the vault key in vault.json is not this vault's");
    return EX_OK;
}

/* Any bytes are safe. */
ex_code vault_config_parse(const uint8_t *data, size_t size_bytes, struct vault_config *ret,
                           struct ex_error *err) {
    struct vault_config c = {0};
    json_t *json = json_loadb((const char *)data, size_bytes, JSON_REJECT_DUPLICATES, NULL);
    if (json == NULL)
        return ex_fail(err, EX_FORMAT, "vault.json is damaged");
    ex_code code = config_fields(json, &c, err);
    json_decref(json);
    if (code == EX_OK) {
        sha256_of(data, size_bytes, c.sha256);
        *ret = c;
    }
    return code;
}

static ex_code open_parts(struct vault *v, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    size_t size;
    ex_code code = ex_read_file(v->dir_fd, "vault.json", EX_LIMIT_CONFIG_BYTES, &data, &size, err);
    if (code == EX_NOT_FOUND)
        return ex_hint(ex_fail(err, EX_NOT_FOUND, "\"%s\" is not a vault", v->path), err,
                       "make one with: exhibit init DIR --agency NAME --officer NAME --recovery-sheet FILE");
    EX_TRY(code);
    EX_TRY(vault_config_parse(data, size, &v->config, err));
    EX_TRY(ex_open_at(v->dir_fd, "packs", O_RDONLY | O_DIRECTORY, &v->packs_fd, err));
    /* The index is derived: a vault without one still opens, and rebuild fills it. */
    if (ex_open_at(v->dir_fd, "index", O_RDONLY | O_DIRECTORY, &v->index_fd, NULL) != EX_OK)
        EX_TRY(ex_open_dir_at(v->dir_fd, "index", true, &v->index_fd, err));
    return index_open(v->index_fd, !v->config.plain, &v->index, err);
}

ex_code vault_open(const char *path, struct vault **ret, struct ex_error *err) {
    EX_AUTO(vault_close) struct vault *v = ex_new0(struct vault);
    v->dir_fd = v->packs_fd = v->index_fd = -1;
    (void)pthread_mutex_init(&v->index_mutex, NULL);
    v->path = ex_strdup(path);
    v->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (v->dir_fd < 0)
        return ex_hint(ex_fail_sys(err, "could not open the vault \"%s\"", path), err,
                       "name it with --vault DIR or set EXHIBIT_VAULT");
    EX_TRY(open_parts(v, err));
    *ret = ex_steal(&v);
    return EX_OK;
}

void vault_close(struct vault *v) {
    if (v == NULL)
        return;
    index_close(v->index);
    epochs_free(v->epochs);
    vault_dates_clear(&v->dates);
    ex_fd_close(v->index_fd);
    ex_fd_close(v->packs_fd);
    ex_fd_close(v->dir_fd);
    (void)pthread_mutex_destroy(&v->index_mutex);
    free(v->path);
    free(v);
}

void vault_set_epochs(struct vault *v, struct epochs *e) {
    index_set_epochs(v->index, e);
    if (v->epochs != e)
        epochs_free(v->epochs);
    v->epochs = e;
}

const struct vault_config *vault_config(const struct vault *v) {
    return &v->config;
}

const char *vault_path(const struct vault *v) {
    return v->path;
}

int vault_dir_fd(const struct vault *v) {
    return v->dir_fd;
}
