/* SPDX-License-Identifier: Apache-2.0 */
/* The use case of making a package (format/package.md): intent, one pass over the items, outcome.
 */
#include "app/custody_internal.h"
#include "app/packaging_internal.h"

#include "base/cursor.h"
#include "base/file.h"
#include "formats/minisign.h"
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>

enum { HANDOVER_DIGITS_MIN = 6, RECIPIENTS_BYTES_MAX = 1 << 20, RECIPIENTS_MAX = 64 };

/* ---- to whom ---- */

/* "age1…,age1…", or a file as `age -R` reads it. */
static ex_code read_recipients(struct act *act, struct packing *p, struct ex_error *err) {
    const char *to = act_flag(act, FLAG_TO);
    EX_AUTO_FREE char *text = NULL;
    size_t size;
    if (strncmp(to, "age1", 4) == 0) {
        text = ex_strdup(to);
        size = strlen(text);
        for (size_t i = 0; i < size; i++)
            if (text[i] == ',')
                text[i] = '\n';
    } else {
        EX_TRY(ex_read_file(AT_FDCWD, to, RECIPIENTS_BYTES_MAX, (uint8_t **)&text, &size, err));
    }
    EX_TRY(age_recipients_parse(text, size, &p->recipient, &p->recipient_count, err));
    if (p->recipient_count > RECIPIENTS_MAX)
        return ex_fail(err, EX_LIMIT, "a package has at most %d recipients", RECIPIENTS_MAX);
    return EX_OK;
}

static json_t *recipients_json(const struct packing *p) {
    char text[AGE_RECIPIENT_CHARS + 1];
    json_t *list = json_array();
    for (size_t i = 0; i < p->recipient_count; i++)
        json_array_append_new(list, json_string(age_recipient_print(&p->recipient[i], text)));
    return list;
}

/* ---- who signs in the form of SSH ---- */

static ex_code find_in_agent(struct packing *p, struct ex_error *err) {
    struct ssh_agent_identity *list = NULL;
    size_t count = 0, skipped = 0;
    bool found = false;
    EX_TRY(ssh_agent_open(NULL, &p->agent, err));
    EX_TRY(ssh_agent_list(p->agent, &list, &count, &skipped, err));
    for (size_t i = 0; i < count; i++)
        found = found || ssh_key_equal(&list[i].key, &p->agent_key);
    free(list);
    return found ? EX_OK
                 : ex_hint(ex_fail(err, EX_NOT_FOUND, "the ssh-agent has not this key"), err,
                           "add it: ssh-add FILE; ssh-add -l lists what it has");
}

static ex_code read_ssh_key(struct act *act, struct packing *p, struct ex_error *err) {
    const char *path = act_flag(act, FLAG_SSH_KEY);
    EX_AUTO_FREE uint8_t *text = NULL;
    size_t size;
    if (path == NULL)
        return EX_OK;
    EX_TRY(ex_read_file(AT_FDCWD, path, SSH_KEY_FILE_MAX, &text, &size, err));
    if (ssh_key_parse_line((const char *)text, size, &p->agent_key, NULL) == EX_OK)
        return find_in_agent(p, err);
    ex_code code = ssh_key_read_private((const char *)text, size, &p->other_key, err);
    sodium_memzero(text, size);
    return code;
}

/* ---- which items, under which names ---- */

static ex_code add_item(struct act *act, struct packing *p, const struct item_truth *i,
                        struct ex_error *err) {
    (void)act;
    if (i->approval != 0)
        return truth_fail_disposed(i, err);
    if (p->count > 0 && memcmp(p->item[0]->case_id, i->case_id, ENTRY_ID_BYTES) != 0)
        return ex_hint(ex_fail(err, EX_USAGE, "items of two cases do not go into one package"), err,
                       "make one for each case: who may see the one may not see the other");
    for (size_t n = 0; n < p->count; n++)
        if (p->item[n] == i)
            return ex_fail(err, EX_USAGE, "item %s is named twice", i->label);
    p->item[p->count++] = i;
    return EX_OK;
}

/* The items of an open offer to another vault: its id, or the beginning of it. */
static ex_code add_offered(struct act *act, struct packing *p, const struct history *h,
                           struct ex_error *err) {
    const char *given = act_flag(act, FLAG_HANDOVER);
    const struct custody_item *c;
    char hex[2 * ENTRY_ID_BYTES + 1];
    size_t digits = strlen(given);
    for (size_t at = 0; (c = custody_at(h, at)) != NULL; at++) {
        const struct custody_handover *o = custody_open(c);
        if (o == NULL || o->way != CUSTODY_OUT || digits < HANDOVER_DIGITS_MIN ||
            strncmp(ex_hex(hex, o->id, sizeof o->id), given, digits) != 0)
            continue;
        if (p->head.has_handover && memcmp(p->head.handover, o->id, sizeof o->id) != 0)
            return ex_fail(err, EX_USAGE, "two hand-overs begin with \"%.40s\"", given);
        p->head.has_handover = true;
        memcpy(p->head.handover, o->id, sizeof o->id);
        for (size_t i = 0; i < p->truth.item_count; i++)
            if (memcmp(p->truth.items[i].id, c->id, ENTRY_ID_BYTES) == 0)
                EX_TRY(add_item(act, p, &p->truth.items[i], err));
    }
    if (p->count > 0)
        return EX_OK;
    return ex_hint(
        ex_fail(err, EX_NOT_FOUND, "no open offer to another vault is called \"%.40s\"", given),
        err, "exhibit handover list shows them; at least %d digits of the id are needed",
        HANDOVER_DIGITS_MIN);
}

static ex_code choose_offered(struct act *act, struct packing *p, struct ex_error *err) {
    struct reading reading = {0};
    ex_code code = custody_load(act, &reading, err);
    if (code == EX_OK)
        code = add_offered(act, p, reading.history, err);
    reading_clear(&reading);
    return code;
}

static ex_code choose_items(struct act *act, struct packing *p, struct ex_error *err) {
    const struct request *r = act->request;
    const struct item_truth *i;
    EX_TRY(truth_load(act, &p->truth, err));
    EX_TRY(ex_alloc(r->operand_count + p->truth.item_count + 1, sizeof *p->item,
                    EX_LIMIT_RECORD_BYTES, "the items of a package", &p->item, err));
    if ((act_flag(act, FLAG_HANDOVER) != NULL) == (r->operand_count > 0))
        return ex_hint(ex_fail(err, EX_USAGE, "say what goes into the package"), err,
                       "name items, or an offer with --handover, which names its items itself");
    if (r->operand_count == 0)
        return choose_offered(act, p, err);
    for (unsigned n = 0; n < r->operand_count; n++) {
        EX_TRY(truth_find(&p->truth, r->operand[n], &i, err));
        EX_TRY(add_item(act, p, i, err));
    }
    return EX_OK;
}

/* data/LABEL.raw, or data/LABEL/NAME of the source; with -2, -3… when it is taken. */
static ex_code add_to_head(struct packing *p, const struct item_truth *i, struct ex_error *err) {
    char label[PACKAGE_NAME_MAX + 1], name[PACKAGE_NAME_MAX + 1], path[PACKAGE_PATH_MAX];
    const char *source =
        json_string_value(json_object_get(json_object_get(i->item, "source"), "path"));
    const char *slash = source != NULL ? strrchr(source, '/') : NULL;
    struct ex_error why;
    ex_code code = EX_EXISTS;
    package_safe_name(i->label, label);
    package_safe_name(slash != NULL ? slash + 1 : source != NULL ? source : "stdin", name);
    for (unsigned n = 1; code == EX_EXISTS && n <= PACKAGE_ITEMS_MAX; n++) {
        char suffix[16] = "";
        if (n > 1)
            (void)snprintf(suffix, sizeof suffix, "-%u", n);
        if (p->files)
            (void)snprintf(path, sizeof path, "data/%s%s/%s", label, suffix, name);
        else
            (void)snprintf(path, sizeof path, "data/%s%s.raw", label, suffix);
        code = package_head_add(&p->head, i->id, i->object_id, path, &why);
    }
    if (code != EX_OK && err != NULL)
        *err = why;
    return code;
}

static ex_code load_object(struct act *act, struct packing *p, size_t n, struct ex_error *err) {
    const struct item_truth *i = p->sorted[n];
    if (p->head.item[n].physical)
        return EX_OK;
    EX_TRY(vault_object(act->vault, i->object_id, &p->object[n], err));
    if (truth_agrees(i, &p->object[n]))
        return EX_OK;
    return ex_hint(ex_fail(err, EX_ALTERED, "the ledger's entry of item %s is damaged", i->label),
                   err, "run: exhibit verify %s", i->label);
}

static ex_code make_head(struct act *act, struct packing *p, struct ex_error *err) {
    const struct vault_config *config = vault_config(act->vault);
    struct ex_clock now;
    ex_clock_read(&now);
    p->head.created_ns = now.utc_ns;
    randombytes_buf(p->head.id, sizeof p->head.id);
    (void)snprintf(p->head.origin, sizeof p->head.origin, "%s", config->origin);
    memcpy(p->head.vault_key, config->key.public_key, sizeof p->head.vault_key);
    memcpy(p->head.officer, act->officer.id, sizeof p->head.officer);
    for (size_t n = 0; n < p->count; n++) {
        const struct item_truth *i = p->item[n];
        if (i->physical)
            EX_TRY(package_head_add(&p->head, i->id, NULL, NULL, err));
        else
            EX_TRY(add_to_head(p, i, err));
    }
    EX_TRY(ex_alloc(p->count, sizeof *p->object, EX_LIMIT_PACK_BYTES, "the items of a package",
                    &p->object, err));
    EX_TRY(ex_alloc(p->count, sizeof *p->sorted, EX_LIMIT_PACK_BYTES, "the items of a package",
                    &p->sorted, err));
    for (size_t n = 0; n < p->count; n++) {
        for (size_t i = 0; i < p->count; i++)
            if (memcmp(p->item[i]->id, p->head.item[n].id, ENTRY_ID_BYTES) == 0)
                p->sorted[n] = p->item[i];
        EX_TRY(load_object(act, p, n, err));
    }
    return EX_OK;
}

/* ---- what goes with them ---- */

static void free_texts(char **text, size_t count) {
    for (size_t n = 0; n < count; n++)
        free(text[n]);
    free(text);
}

static ex_code make_readme(struct act *act, struct packing *p, struct ex_error *err) {
    const struct case_truth *k = truth_case_by_id(&p->truth, p->sorted[0]->case_id);
    char id[2 * ENTRY_ID_BYTES + 1], vkey[NOTE_VKEY_MAX], line[MINISIGN_KEY_LINE_BYTES];
    struct minisign_key key;
    EX_AUTO_FREE const char **label = NULL;
    EX_TRY(ex_alloc(p->count, sizeof *label, EX_LIMIT_PACK_BYTES, "the items of a package", &label,
                    err));
    char **not_read = ex_new0_bytes(p->count * sizeof *not_read);
    char **image = ex_new0_bytes(p->count * sizeof *image);
    for (size_t n = 0; n < p->count; n++) {
        json_t *counts = json_not_read(p->sorted[n]->item);
        label[n] = p->sorted[n]->label;
        image[n] = packing_image_text(p, n);
        not_read[n] = counts != NULL ? json_not_read_text(counts) : NULL;
        json_decref(counts);
    }
    minisign_key_make(sign_key_public(act->officer.sign), &key);
    const struct package_readme r = {
        .package = ex_hex(id, p->head.id, sizeof p->head.id),
        .agency = act->agency,
        .officer = act->officer_name,
        .case_number = k->number != NULL ? k->number : "?",
        .case_title = k->title != NULL ? k->title : "",
        .origin = p->head.origin,
        .vkey = note_key_text(&vault_config(act->vault)->key, vkey),
        .minisign_key = minisign_key_line(&key, line),
        .ledger_size = p->ledger_size,
        .left_out = p->picked.left_out,
        .head = &p->head,
        .object = p->object,
        .label = label,
        .image = (const char *const *)image,
        .not_read = (const char *const *)not_read,
    };
    ex_code code = package_readme_write(&r, &p->readme, &p->readme_bytes, err);
    free_texts(not_read, p->count);
    free_texts(image, p->count);
    return code;
}

static ex_code gather(struct act *act, struct packing *p, struct ex_error *err) {
    EX_AUTO_FREE uint8_t(*ids)[ENTRY_ID_BYTES] = NULL;
    EX_TRY(
        ex_alloc(p->count, sizeof *ids, EX_LIMIT_PACK_BYTES, "the items of a package", &ids, err));
    for (size_t n = 0; n < p->count; n++)
        memcpy(ids[n], p->item[n]->id, ENTRY_ID_BYTES);
    EX_TRY(picked_new(act, &p->picked, err));
    EX_TRY(pick_items(act, (const uint8_t(*)[ENTRY_ID_BYTES])ids, p->count, &p->picked, err));
    p->ledger_size = ledger_size(act->ledger);
    ledger_root(act->ledger, p->ledger_root);
    EX_TRY(excerpt_of_picked(act, &p->picked, 0, NULL, &p->excerpt, &p->excerpt_bytes, err));
    EX_TRY(packing_case(act, p, err));
    EX_TRY(packing_images(act, p, err));
    return make_readme(act, p, err);
}

/* ---- the act ---- */

static json_t *items_json(const struct packing *p) {
    json_t *list = json_array();
    for (size_t n = 0; n < p->head.item_count; n++) {
        json_t *one = json_pack("{s:o, s:s}", "id", json_hex(p->head.item[n].id, ENTRY_ID_BYTES),
                                "label", p->sorted[n]->label);
        json_object_set_new(one, "path",
                            p->head.item[n].physical ? json_null()
                                                     : json_string(p->head.item[n].path));
        if (p->images != NULL && !p->head.item[n].physical)
            json_object_set_new(one, "image", packing_image_json(p, n));
        json_array_append_new(list, one);
    }
    return list;
}

static ex_code package_intent(struct act *act, const struct packing *p, struct ex_error *err) {
    json_t *what =
        json_pack("{s:o, s:o, s:o, s:s}", "package", json_hex(p->head.id, sizeof p->head.id),
                  "items", items_json(p), "recipients", recipients_json(p), "format", p->format);
    json_set_text(what, "output", act_flag(act, FLAG_OUTPUT));
    if (p->e01)
        json_object_set_new(what, "segment_size", json_number(exporting_e01_segment_bytes(act)));
    memcpy(act->case_id, p->sorted[0]->case_id, sizeof act->case_id);
    act->has_ids = ENTRY_HAS_CASE;
    return act_intent(act, what, err);
}

static ex_code write_package(struct act *act, struct packing *p, struct package_written *ret,
                             struct ex_error *err) {
    const char *output = act_flag(act, FLAG_OUTPUT), *slash = strrchr(output, '/');
    char name[PACKAGE_NAME_MAX + 1], root[48], id[2 * ENTRY_ID_BYTES + 1], comment[256];
    package_safe_name(slash != NULL ? slash + 1 : output, name);
    char *end = strstr(name, ".age");
    if (end != NULL && end != name)
        *end = '\0';
    sodium_bin2base64(root, sizeof root, p->ledger_root, MERKLE_BYTES,
                      sodium_base64_VARIANT_ORIGINAL);
    (void)snprintf(comment, sizeof comment, PACKAGE_VERSION " id %s entries %" PRIu64 " root %s",
                   ex_hex(id, p->head.id, sizeof p->head.id), p->ledger_size, root);
    const struct package_job job = {.name = name,
                                    .agency = act->agency,
                                    .head = &p->head,
                                    .object = p->object,
                                    .images = p->images,
                                    .excerpt = {p->excerpt, p->excerpt_bytes},
                                    .case_jsonld = {p->case_jsonld, p->case_jsonld_bytes},
                                    .readme = {p->readme, p->readme_bytes},
                                    .recipient = p->recipient,
                                    .recipient_count = p->recipient_count,
                                    .officer_key = act->officer.sign,
                                    .agent = p->agent,
                                    .agent_key = p->agent != NULL ? &p->agent_key : NULL,
                                    .other_key = p->other_key,
                                    .trusted_comment = comment};
    struct ex_progress *progress = act->face->progress;
    if (progress != NULL) {
        uint64_t total = package_images_bytes(p->images);
        for (size_t n = 0; n < p->count; n++)
            total += p->object[n].size_bytes;
        progress->phase = "packing";
        atomic_store(&progress->done_bytes, 0);
        atomic_store(&progress->total_bytes, total);
    }
    return package_write(act->vault, &job, output, progress, ret, err);
}

static ex_code take_format(struct act *act, struct packing *p, struct ex_error *err) {
    p->format = act_has_flag(act, FLAG_FORMAT) ? act_flag(act, FLAG_FORMAT) : "raw";
    p->files = strcmp(p->format, "files") == 0;
    p->e01 = strcmp(p->format, EXPORTING_E01) == 0;
    if (!p->files && !p->e01 && strcmp(p->format, "raw") != 0)
        return ex_fail(err, EX_USAGE, "--format takes raw, files or e01");
    return exporting_e01_check_flags(act, err);
}

static ex_code create(struct act *act, struct packing *p, json_t **ret_result,
                      struct ex_error *err) {
    struct package_written written;
    uint64_t started = ex_monotonic_ns();
    EX_TRY(take_format(act, p, err));
    EX_TRY(act_outside_vault(act, act_flag(act, FLAG_OUTPUT), err));
    EX_TRY(read_recipients(act, p, err));
    EX_TRY(read_ssh_key(act, p, err));
    EX_TRY(choose_items(act, p, err));
    EX_TRY(make_head(act, p, err));
    EX_TRY(packing_images_check(act, p, err));
    EX_TRY(package_intent(act, p, err));
    EX_TRY(gather(act, p, err));
    EX_TRY(write_package(act, p, &written, err));
    json_t *result = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o}", "package", json_hex(p->head.id, sizeof p->head.id),
        "sha256", json_hex(written.sha256, SHA256_BYTES), "size_bytes",
        json_number(written.size_bytes), "payload_bytes", json_number(written.payload_bytes),
        "ledger_size", json_number(p->ledger_size), "items", items_json(p));
    ex_code code = act_outcome(act, "done", json_copy(result), NULL, NULL, NULL, err);
    if (code != EX_OK) {
        package_unwrite(act_flag(act, FLAG_OUTPUT));
        json_decref(result);
        return code;
    }
    json_set_text(result, "output", act_flag(act, FLAG_OUTPUT));
    json_object_set_new(result, "recipients", recipients_json(p));
    json_object_set_new(result, "left_out", json_number(p->picked.left_out));
    json_object_set_new(result, "seconds", json_real((double)(ex_monotonic_ns() - started) / 1e9));
    *ret_result = result;
    return EX_OK;
}

ex_code app_package_create(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct packing p = {0};
    ex_code code = create(act, &p, ret_result, err);
    for (size_t n = 0; p.object != NULL && n < p.count; n++)
        vault_object_info_clear(&p.object[n]);
    packing_images_clear(&p);
    free(p.object);
    free(p.sorted);
    free(p.item);
    free(p.recipient);
    ssh_agent_close(p.agent);
    sign_key_free(p.other_key);
    free(p.excerpt);
    free(p.case_jsonld);
    free(p.readme);
    picked_clear(&p.picked);
    package_head_clear(&p.head);
    truth_clear(&p.truth);
    return code;
}
