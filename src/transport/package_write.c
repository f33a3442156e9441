/* SPDX-License-Identifier: Apache-2.0 */
/* format/package §1: the bag, and the file around it. */
#include "transport/package_write.h"

#include "base/cursor.h"
#include "base/file.h"
#include "formats/tar.h"
#include "transport/outlet_internal.h"
#include "vault/object.h"
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TAGS_MAX = PACKAGE_ITEMS_MAX + 16, FILL_BYTES = 64 << 10, MEMBER_MODE = 0444 };
static const char *const BAGIT_TEXT = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

/* A file of the bag that is not payload. */
struct tag {
    char path[128];
    char *data;
    size_t size_bytes;
};

struct writer {
    const struct package_job *job;
    struct vault *vault;
    struct ex_progress *progress;
    struct package_written *written;
    struct tag *tag;
    size_t tag_count, tag_capacity;
    struct tar_writer tar;
    struct age_encrypt *age;
    struct sha256 member; /* of the payload file that is being written */
};

/* ---- tags ---- */

/* Takes `data` over. */
static ex_code add_tag(struct writer *w, const char *path, char *data, size_t size_bytes,
                       struct ex_error *err) {
    ex_code code = ex_grow(&w->tag, &w->tag_capacity, w->tag_count + 1, sizeof *w->tag,
                           TAGS_MAX * sizeof *w->tag, "the files of a package", err);
    if (code != EX_OK) {
        free(data);
        return code;
    }
    struct tag *t = &w->tag[w->tag_count++];
    (void)snprintf(t->path, sizeof t->path, "%s", path);
    t->data = data;
    t->size_bytes = size_bytes;
    return EX_OK;
}

static ex_code add_copy(struct writer *w, const char *path, const char *data, size_t size_bytes,
                        struct ex_error *err) {
    char *copy = NULL;
    EX_TRY(ex_alloc(size_bytes + 1, 1, EX_LIMIT_RECORD_BYTES * 2, path, &copy, err));
    memcpy(copy, data, size_bytes);
    return add_tag(w, path, copy, size_bytes, err);
}

/* A text that a function writes to a stream. */
typedef void print_fn(const struct writer *w, FILE *f);

static ex_code add_printed(struct writer *w, const char *path, print_fn *print,
                           struct ex_error *err) {
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    if (f == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for %s", path);
    print(w, f);
    if (fclose(f) != 0) {
        free(text);
        return ex_fail(err, EX_NOMEM, "no memory for %s", path);
    }
    return add_tag(w, path, text, size, err);
}

static void print_bag_info(const struct writer *w, FILE *f) {
    const struct package_job *job = w->job;
    char id[2 * ENTRY_ID_BYTES + 1], time[EX_TIME_TEXT_BYTES];
    uint64_t bytes = 0, files = 0;
    for (size_t i = 0; i < job->head->item_count; i++)
        if (!job->head->item[i].physical) {
            bytes += job->object[i].size_bytes;
            files++;
        }
    bytes += package_images_bytes(job->images);
    files += job->head->image_count;
    (void)fprintf(f, "Source-Organization: ");
    for (const char *c = job->agency; *c != '\0'; c++) /* one line, whatever the name has */
        (void)fputc((unsigned char)*c < ' ' ? ' ' : *c, f);
    (void)fprintf(f, "\nBagging-Date: %.10s\n", ex_time_text(time, job->head->created_ns));
    (void)fprintf(f, "External-Identifier: %s\n", ex_hex(id, job->head->id, sizeof job->head->id));
    (void)fprintf(f, "Payload-Oxum: %" PRIu64 ".%" PRIu64 "\n", bytes, files);
}

static void print_manifest(const struct writer *w, FILE *f) {
    char sha256[SHA256_HEX_BYTES];
    for (size_t i = 0; i < w->job->head->item_count; i++)
        if (!w->job->head->item[i].physical)
            (void)fprintf(f, "%s  %s\n", ex_hex(sha256, w->job->object[i].sha256, SHA256_BYTES),
                          w->job->head->item[i].path);
    for (size_t i = 0; i < w->job->head->image_count; i++) {
        const struct package_image_file *file = package_images_file(w->job->images, i);
        (void)fprintf(f, "%s  %s\n", ex_hex(sha256, file->sha256, SHA256_BYTES), file->path);
    }
}

static void print_officer_pub(const struct writer *w, FILE *f) {
    struct minisign_key key;
    char text[MINISIGN_KEY_TEXT_BYTES];
    minisign_key_make(sign_key_public(w->job->officer_key), &key);
    (void)fputs(minisign_key_text(&key, text), f);
}

static const struct sign_key *ssh_signer(const struct package_job *job) {
    return job->other_key != NULL ? job->other_key : job->officer_key;
}

static void print_allowed_signers(const struct writer *w, FILE *f) {
    struct ssh_key key;
    char text[SSH_KEY_TEXT_BYTES];
    if (w->job->agent_key != NULL)
        key = *w->job->agent_key;
    else
        ssh_key_make(sign_key_public(ssh_signer(w->job)), &key);
    (void)fprintf(f, "officer namespaces=\"%s\" %s\n", PACKAGE_NAMESPACE, ssh_key_text(&key, text));
    if (w->job->head->image_count == 0)
        return;
    ssh_key_make(sign_key_public(w->job->officer_key), &key); /* signs what lies beside an image */
    (void)fprintf(f, "officer namespaces=\"%s\" %s\n", EXPORT_E01_NAMESPACE,
                  ssh_key_text(&key, text));
}

static void print_tagmanifest(const struct writer *w, FILE *f) {
    uint8_t sha256[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    for (size_t i = 0; i < w->tag_count; i++) {
        sha256_of(w->tag[i].data, w->tag[i].size_bytes, sha256);
        (void)fprintf(f, "%s  %s\n", ex_hex(hex, sha256, sizeof sha256), w->tag[i].path);
    }
}

static ex_code add_manifests(struct writer *w, struct ex_error *err) {
    char path[128], hex[SHA256_HEX_BYTES];
    for (size_t i = 0; i < w->job->head->item_count; i++) {
        struct vault_object_info copy = w->job->object[i];
        uint8_t *manifest = NULL;
        size_t size;
        if (w->job->head->item[i].physical)
            continue;
        EX_TRY(manifest_write(&copy, &manifest, &size, err));
        (void)snprintf(path, sizeof path, "exhibit/objects/%s",
                       ex_hex(hex, copy.id, sizeof copy.id));
        bool same = memcmp(copy.id, w->job->head->item[i].object, sizeof copy.id) == 0;
        bool twice = false;
        for (size_t t = 0; t < w->tag_count; t++)
            twice = twice || strcmp(w->tag[t].path, path) == 0;
        if (!same || twice)
            free(manifest);
        if (!same)
            return ex_fail(err, EX_INTERNAL, "an object's manifest does not give its id");
        if (!twice)
            EX_TRY(add_tag(w, path, (char *)manifest, size, err));
    }
    return EX_OK;
}

static ex_code add_tags(struct writer *w, struct ex_error *err) {
    const struct package_job *job = w->job;
    char *head = NULL;
    size_t size;
    EX_TRY(add_copy(w, "bagit.txt", BAGIT_TEXT, strlen(BAGIT_TEXT), err));
    EX_TRY(add_printed(w, "bag-info.txt", print_bag_info, err));
    EX_TRY(add_printed(w, "manifest-sha256.txt", print_manifest, err));
    EX_TRY(package_head_write(job->head, &head, &size, err));
    EX_TRY(add_tag(w, "exhibit/package", head, size, err));
    EX_TRY(add_copy(w, "exhibit/excerpt", job->excerpt.data, job->excerpt.size_bytes, err));
    EX_TRY(add_manifests(w, err));
    EX_TRY(package_fsverity_text(job->head, job->object, &head, &size, err));
    EX_TRY(add_tag(w, "fsverity-sha256.txt", head, size, err));
    EX_TRY(add_printed(w, "officer.pub", print_officer_pub, err));
    EX_TRY(add_printed(w, "allowed_signers", print_allowed_signers, err));
    EX_TRY(add_copy(w, "case.jsonld", job->case_jsonld.data, job->case_jsonld.size_bytes, err));
    EX_TRY(add_copy(w, "README.txt", job->readme.data, job->readme.size_bytes, err));
    return add_printed(w, "tagmanifest-sha256.txt", print_tagmanifest, err);
}

/* ---- members ---- */

static ex_code into_age(void *context, const void *data, size_t size_bytes, struct ex_error *err) {
    struct writer *w = context;
    return age_encrypt_write(w->age, data, size_bytes, err);
}

static ex_code begin(struct writer *w, const char *path, uint64_t size_bytes,
                     struct ex_error *err) {
    char full[PACKAGE_PATH_MAX + PACKAGE_NAME_MAX + 2];
    (void)snprintf(full, sizeof full, "%.*s/%s", PACKAGE_NAME_MAX, w->job->name, path);
    const struct tar_member m = {.path = full,
                                 .size_bytes = size_bytes,
                                 .mtime_s = w->job->head->created_ns / 1000000000,
                                 .mode = MEMBER_MODE};
    return tar_begin(&w->tar, &m, err);
}

static ex_code put_bytes(struct writer *w, const void *data, size_t size_bytes,
                         struct ex_error *err) {
    sha256_add(&w->member, data, size_bytes);
    return tar_write(&w->tar, data, size_bytes, err);
}

static ex_code put_piece(void *context, const struct vault_piece *piece, struct ex_error *err) {
    struct writer *w = context;
    uint8_t fill[FILL_BYTES];
    switch (piece->kind) {
    case VAULT_PIECE_DATA:
        return put_bytes(w, piece->data, piece->length, err);
    case VAULT_PIECE_CONSTANT:
        memset(fill, piece->value, sizeof fill);
        for (uint64_t left = piece->length, part; left > 0; left -= part) {
            part = left < sizeof fill ? left : sizeof fill;
            EX_TRY(put_bytes(w, fill, part, err));
        }
        return EX_OK;
    case VAULT_PIECE_DAMAGED:
    default:
        return ex_hint(ex_fail(err, piece->missing ? EX_MISSING : EX_ALTERED,
                               "bytes %" PRIu64 " to %" PRIu64 " of an item cannot be given: %s",
                               piece->offset, piece->offset + piece->length - 1, piece->why),
                       err, "run: exhibit verify ITEM, which names everything that is damaged");
    }
}

static ex_code put_payload(struct writer *w, const struct package_item *item,
                           const struct vault_object_info *object, struct ex_error *err) {
    uint8_t sha256[SHA256_BYTES];
    EX_TRY(begin(w, item->path, object->size_bytes, err));
    sha256_start(&w->member);
    EX_TRY(vault_stream(w->vault, object, false, put_piece, w, w->progress, err));
    sha256_end(&w->member, sha256);
    if (memcmp(sha256, object->sha256, sizeof sha256) != 0)
        return ex_fail(err, EX_ALTERED, "the SHA-256 of what was written is not the item's");
    EX_TRY(tar_end(&w->tar, err));
    w->written->payload_files++;
    w->written->payload_bytes += object->size_bytes;
    return EX_OK;
}

static ex_code put_image_bytes(void *context, const void *data, size_t size_bytes,
                               struct ex_error *err) {
    struct writer *w = context;
    return tar_write(&w->tar, data, size_bytes, err);
}

static ex_code put_images(struct writer *w, struct ex_error *err) {
    for (size_t i = 0; i < w->job->head->image_count; i++) {
        const struct package_image_file *file = package_images_file(w->job->images, i);
        EX_TRY(begin(w, file->path, file->size_bytes, err));
        EX_TRY(package_images_read(w->job->images, i, put_image_bytes, w, w->progress, err));
        EX_TRY(tar_end(&w->tar, err));
        w->written->payload_files++;
        w->written->payload_bytes += file->size_bytes;
    }
    return EX_OK;
}

static ex_code put_members(struct writer *w, struct ex_error *err) {
    for (size_t i = 0; i < w->tag_count; i++) {
        EX_TRY(begin(w, w->tag[i].path, w->tag[i].size_bytes, err));
        EX_TRY(tar_write(&w->tar, w->tag[i].data, w->tag[i].size_bytes, err));
        EX_TRY(tar_end(&w->tar, err));
    }
    for (size_t i = 0; i < w->job->head->item_count; i++)
        if (!w->job->head->item[i].physical)
            EX_TRY(put_payload(w, &w->job->head->item[i], &w->job->object[i], err));
    EX_TRY(put_images(w, err));
    EX_TRY(tar_finish(&w->tar, err));
    return age_encrypt_finish(w->age, err);
}

/* ---- the file and its signatures ---- */

static ex_code write_body(struct writer *w, int fd, const char *name, struct outlet_sums *ret,
                          struct ex_error *err) {
    EX_AUTO(outlet_free) struct outlet *outlet = NULL;
    const struct age_locks locks = {.recipients = w->job->recipient,
                                    .recipient_count = w->job->recipient_count};
    EX_TRY(outlet_new(fd, name, OUTLET_BOTH, &outlet, err));
    EX_TRY(age_encrypt_new(&locks, (struct age_sink){outlet_write, outlet}, &w->age, err));
    tar_writer_init(&w->tar, into_age, w);
    EX_TRY(put_members(w, err));
    EX_TRY(outlet_finish(outlet, ret, err));
    return ex_sync_fd(fd, name, err);
}

static ex_code sign(const struct package_job *job, const struct outlet_sums *sums,
                    const char *minisig_path, const char *sshsig_path, struct ex_error *err) {
    EX_AUTO_FREE char *minisig = NULL, *sshsig = NULL;
    size_t minisig_bytes, sshsig_bytes;
    struct sshsig_digest digest = {.known = SSHSIG_SHA256};
    memcpy(digest.sha256, sums->sha256, sizeof digest.sha256);
    EX_TRY(minisign_sign(job->officer_key, sums->blake2b, NULL, job->trusted_comment, &minisig,
                         &minisig_bytes, err));
    if (job->agent != NULL)
        EX_TRY(sshsig_sign_by_agent(job->agent, job->agent_key, PACKAGE_NAMESPACE, SSHSIG_SHA256,
                                    &digest, &sshsig, &sshsig_bytes, err));
    else
        EX_TRY(sshsig_sign(ssh_signer(job), PACKAGE_NAMESPACE, SSHSIG_SHA256, &digest, &sshsig,
                           &sshsig_bytes, err));
    EX_TRY(ex_write_file(AT_FDCWD, minisig_path, minisig, minisig_bytes, EX_WRITE_NEW, err));
    ex_code code = ex_write_file(AT_FDCWD, sshsig_path, sshsig, sshsig_bytes, EX_WRITE_NEW, err);
    if (code != EX_OK)
        (void)unlink(minisig_path);
    return code;
}

struct names {
    char *temp, *minisig, *sshsig;
};

static ex_code make_names(const char *path, struct names *ret, struct ex_error *err) {
    struct stat st;
    if (asprintf(&ret->temp, "%s.%08x.part", path, randombytes_random()) < 0 ||
        asprintf(&ret->minisig, "%s.minisig", path) < 0 ||
        asprintf(&ret->sshsig, "%s.sig", path) < 0)
        return ex_fail(err, EX_NOMEM, "no memory for a file name");
    const char *const all[] = {path, ret->minisig, ret->sshsig};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (lstat(all[i], &st) == 0)
            return ex_hint(ex_fail(err, EX_EXISTS, "\"%s\" is there already", all[i]), err,
                           i == 0 ? "choose another name; exhibit never writes over a file"
                                  : "it may be left from a run that was cut off, for there is no "
                                    "package beside it: remove it, or choose another name");
    return EX_OK;
}

static void free_names(struct names *n) {
    free(n->temp);
    free(n->minisig);
    free(n->sshsig);
}

ex_code package_names_free(const char *path, struct ex_error *err) {
    struct names n = {0};
    ex_code code = make_names(path, &n, err);
    free_names(&n);
    return code;
}

static ex_code write_all(struct writer *w, const struct names *n, const char *path,
                         struct ex_error *err) {
    struct outlet_sums sums;
    EX_AUTO_FD int fd = open(n->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return ex_hint(ex_fail_sys(err, "could not write \"%s\"", path), err,
                       "check that its folder exists and that you may write there");
    ex_code code = write_body(w, fd, path, &sums, err);
    if (code == EX_OK)
        code = sign(w->job, &sums, n->minisig, n->sshsig, err);
    if (code == EX_OK) {
        code = ex_publish(AT_FDCWD, n->temp, AT_FDCWD, path, err);
        if (code != EX_OK) {
            (void)unlink(n->minisig);
            (void)unlink(n->sshsig);
        }
    }
    if (code != EX_OK) {
        (void)unlink(n->temp);
        return code;
    }
    w->written->size_bytes = sums.size_bytes;
    memcpy(w->written->sha256, sums.sha256, SHA256_BYTES);
    return EX_OK;
}

ex_code package_write(struct vault *v, const struct package_job *job, const char *path,
                      struct ex_progress *progress, struct package_written *ret,
                      struct ex_error *err) {
    struct package_written written = {0};
    struct writer w = {.job = job, .vault = v, .progress = progress, .written = &written};
    struct names n = {0};
    ex_code code = make_names(path, &n, err);
    if (code == EX_OK)
        code = add_tags(&w, err);
    if (code == EX_OK)
        code = write_all(&w, &n, path, err);
    age_encrypt_free(w.age);
    for (size_t i = 0; i < w.tag_count; i++)
        free(w.tag[i].data);
    free(w.tag);
    free_names(&n);
    if (code == EX_OK)
        *ret = written;
    return code;
}

void package_unwrite(const char *path) {
    struct names n = {0};
    (void)unlink(path);
    if (asprintf(&n.minisig, "%s.minisig", path) >= 0) {
        (void)unlink(n.minisig);
        free(n.minisig);
    }
    if (asprintf(&n.sshsig, "%s.sig", path) >= 0) {
        (void)unlink(n.sshsig);
        free(n.sshsig);
    }
}
