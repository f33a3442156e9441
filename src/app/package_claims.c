/* SPDX-License-Identifier: Apache-2.0 */
/* What can be said of a package that was read: three claims, each with what it does not prove. */
#include "app/package_internal.h"

#include "base/cursor.h"

static void say_findings(json_t *claim, const struct package_report *r, enum package_claim which) {
    for (size_t i = 0; i < r->finding_count[which] && i < PACKAGE_FINDINGS_MAX; i++)
        json_say(claim, "findings", "%s", r->finding[which][i]);
    if (r->finding_count[which] > PACKAGE_FINDINGS_MAX)
        json_say(claim, "findings", "and %" PRIu64 " more",
                 r->finding_count[which] - PACKAGE_FINDINGS_MAX);
}

/* What of each item was never collected, as the sender's entries have it; null: nothing. */
static json_t *not_read_json(const struct package_report *r) {
    EX_AUTO(provenance_free) struct provenance *p = NULL;
    json_t *list = json_array();
    if (r->excerpt == NULL || provenance_new(r->excerpt, &p, NULL) != EX_OK)
        return list;
    for (size_t n = 0; n < r->head.item_count; n++) {
        json_t *item = provenance_item(p, r->head.item[n].id);
        json_t *not_read = json_not_read(item);
        json_array_append_new(list, not_read != NULL ? not_read : json_null());
        json_decref(item);
    }
    return list;
}

static void say_not_read(json_t *claim, const struct package_report *r) {
    json_t *list = not_read_json(r), *one;
    size_t n;
    json_array_foreach(list, n, one) {
        char id[2 * ENTRY_ID_BYTES + 1];
        if (!json_is_object(one))
            continue;
        EX_AUTO_FREE char *text = json_not_read_text(one);
        json_say(claim, "findings", "item %s was read only in part when it was collected: %s",
                 ex_hex(id, r->head.item[n].id, ENTRY_ID_BYTES), text);
    }
    json_decref(list);
}

static json_t *content(const struct package_report *r, int64_t now_ns, ex_code *verdict) {
    uint64_t unreadable = 0, digital = 0;
    for (size_t n = 0; n < r->head.item_count; n++) {
        digital += r->head.item[n].physical ? 0 : 1;
        for (size_t i = 0; i < r->object[n].unreadable_count; i++)
            unreadable += r->object[n].unreadable[i].length;
    }
    bool bad = r->finding_count[PACKAGE_CONTENT] > 0;
    const char *word = bad ? "altered" : r->image_files > 0 ? "partly-checked" : "good";
    json_t *claim =
        json_claim(word, now_ns,
                   json_pack("{s:o, s:o, s:o, s:o, s:o}", "items", json_number(digital),
                             "items_good", json_number(r->items_good), "files",
                             json_number(r->files), "bytes_read", json_number(r->payload_bytes),
                             "bytes_unreadable_at_collection", json_number(unreadable)));
    say_findings(claim, r, PACKAGE_CONTENT);
    if (unreadable > 0)
        json_say(claim, "findings",
                 "%" PRIu64 " bytes were never read at collection, and zeros stand for them",
                 unreadable);
    say_not_read(claim, r);
    if (r->image_files > 0)
        json_say(claim, "not_checked",
                 "whether the E01 images hold the items' bytes: of their %" PRIu64
                 " files only the hashes of manifest-sha256.txt were compared; ewfverify -d sha256 "
                 "shows it",
                 r->image_files);
    if (digital < r->head.item_count)
        json_say(claim, "not_checked", "physical items do not travel in a package");
    json_say(claim, "does_not_prove",
             "that the source was genuine, complete or unchanged before it was collected");
    json_say(claim, "does_not_prove",
             "what README.txt, case.jsonld and bag-info.txt say: these are words of the sender, "
             "and are compared with nothing");
    *verdict = bad ? EX_ALTERED : r->image_files > 0 ? EX_PARTIAL : EX_OK;
    return claim;
}

static json_t *history(const struct package_report *r, int64_t now_ns, ex_code *verdict) {
    const struct excerpt_report *x = &r->checked;
    bool bad = r->finding_count[PACKAGE_HISTORY] > 0;
    json_t *claim = json_claim(bad            ? "altered"
                               : r->other_key ? "bad-signature"
                                              : "good",
                               now_ns,
                               json_pack("{s:o, s:o, s:o, s:o, s:o}", "entries",
                                         json_number(x->proved + x->not_proved), "proved",
                                         json_number(x->proved), "bodies", json_number(x->bodies),
                                         "sections_withheld", json_number(x->sections_withheld),
                                         "ledger_size", json_number(x->checkpoint.size)));
    if (r->other_key)
        json_say(claim, "findings",
                 "it is signed by another vault's key than the one given: what is said here holds "
                 "for the ledger under the key that the package names");
    say_findings(claim, r, PACKAGE_HISTORY);
    json_say(claim, "does_not_prove",
             "that no other entry of the ledger concerns these items: these were chosen");
    json_say(claim, "does_not_prove",
             "that the ledger was never cut back, unless a cosigner or a saved checkpoint says so");
    if (bad)
        *verdict = EX_ALTERED;
    return claim;
}

static const uint8_t *officer_key(const struct package_report *r) {
    const struct history_officer *o =
        r->history != NULL ? history_officer(r->history, r->head.officer) : NULL;
    return o != NULL ? o->key : NULL;
}

enum signed_state { FILE_SIGNED, FILE_PARTLY, FILE_BAD }; /* ascending: the worst counts */

/* An SSHSIG by a key of an ssh-agent: right or wrong under the key that it names itself. Whose that
 * is, nothing in the package can say. */
static enum signed_state say_other_key(json_t *claim, const struct sshsig *s,
                                       const struct sshsig_digest *digest) {
    char key[SSH_KEY_FINGERPRINT_BYTES];
    struct ex_error why;
    if (sshsig_verify(s, &s->key, "exhibit-package", digest, NULL, &why) != EX_OK) {
        json_say(claim, "findings", "the SSHSIG signature: %s", why.text);
        return FILE_BAD;
    }
    json_say(claim, "not_checked",
             "whose the key of the SSHSIG signature is: it is not the officer's, but %s; compare "
             "it with paper",
             ssh_key_fingerprint(&s->key, key));
    return FILE_PARTLY;
}

static enum signed_state say_sshsig(json_t *claim, const struct package_signatures *s,
                                    const uint8_t *officer) {
    struct sshsig_digest digest = {.known = SSHSIG_SHA256};
    struct ssh_key own;
    struct ex_error why;
    if (!s->sshsig_read) {
        json_say(claim, "not_checked", "the SSHSIG signature: %s", s->sshsig_why);
        return FILE_PARTLY;
    }
    if (!s->has_sshsig || s->sshsig.algorithm != SSHSIG_SHA256) {
        json_say(claim, "findings", "the SSHSIG signature: %s",
                 s->has_sshsig ? "it is not over the SHA-256 of the file" : s->sshsig_why);
        return FILE_BAD;
    }
    memcpy(digest.sha256, s->sha256, sizeof digest.sha256);
    ssh_key_make(officer, &own);
    if (!ssh_key_equal(&s->sshsig.key, &own))
        return say_other_key(claim, &s->sshsig, &digest);
    if (sshsig_verify(&s->sshsig, &own, "exhibit-package", &digest, NULL, &why) == EX_OK)
        return FILE_SIGNED;
    json_say(claim, "findings", "the SSHSIG signature: %s", why.text);
    return FILE_BAD;
}

/* A file that is not there was not looked at: that is neither good nor bad. */
static enum signed_state say_minisig(json_t *claim, const struct package_signatures *s,
                                     const uint8_t *officer) {
    struct ex_error why;
    if (!s->minisig_read) {
        json_say(claim, "not_checked", "the minisign signature: %s", s->minisig_why);
        return FILE_PARTLY;
    }
    if (package_signed_by(s, officer, &why) == EX_OK)
        return FILE_SIGNED;
    json_say(claim, "findings", "the minisign signature: %s", why.text);
    return FILE_BAD;
}

/* The signatures over the file, by the officer of the excerpt: they tie the two together, and
 * nothing else binds what is not payload and not in the excerpt. */
static enum signed_state say_file_signatures(json_t *claim, const struct unpacking *u) {
    const uint8_t *key = officer_key(u->report);
    if (u->report->history == NULL)
        json_say(claim, "findings", "without an excerpt nobody is known who could have signed");
    if (key == NULL)
        return FILE_BAD; /* said, now or already */
    if (u->has_signer && memcmp(u->signer.public_key, key, SIGN_PUBLIC_BYTES) != 0) {
        json_say(claim, "findings", "the officer of the package has another key than was given");
        return FILE_BAD;
    }
    if (u->signatures == NULL) {
        json_say(claim, "not_checked",
                 "the signatures over the package, which lie beside the file that this was opened "
                 "from: without them nobody vouches for who made it, when, with which hand-over, "
                 "and for its texts");
        return FILE_PARTLY;
    }
    enum signed_state minisign = say_minisig(claim, u->signatures, key);
    enum signed_state ssh = say_sshsig(claim, u->signatures, key);
    return minisign > ssh ? minisign : ssh;
}

/* A vault key on paper has the name of its ledger. */
static bool key_is_of_this_ledger(json_t *claim, const struct unpacking *u) {
    if (!u->has_key ||
        (u->key.type == NOTE_TYPE_ED25519 && strcmp(u->key.name, u->report->head.origin) == 0))
        return true;
    json_say(claim, "findings", "the vault key that was given is of another ledger: %.120s",
             u->key.name);
    return false;
}

static json_t *signers(const struct unpacking *u, int64_t now_ns, ex_code *verdict) {
    const struct package_report *r = u->report;
    const struct history_report *h = &r->checked.history;
    json_t *claim = json_claim(
        "good", now_ns,
        json_pack("{s:o, s:o, s:o, s:o}", "signatures_good", json_number(h->signatures_good),
                  "signatures_bad", json_number(h->signatures_bad), "officers",
                  json_number(h->officers), "sessions", json_number(h->sessions)));
    bool bad = r->finding_count[PACKAGE_SIGNERS] > 0;
    say_findings(claim, r, PACKAGE_SIGNERS);
    enum signed_state file = say_file_signatures(claim, u);
    bad = !key_is_of_this_ledger(claim, u) || file == FILE_BAD || bad;
    for (size_t i = 0; i < h->note_count && i < HISTORY_TEXTS_MAX; i++)
        json_say(claim, "findings", "%s", h->note[i]);
    bool known = r->key_given && file == FILE_SIGNED;
    if (!r->key_given)
        json_say(claim, "not_checked",
                 "whose keys these are: the vault key comes from the package itself; compare it "
                 "with paper (--key)");
    json_object_set_new(claim, "verdict",
                        json_string(bad     ? "bad-signature"
                                    : known ? "good"
                                            : "partly-checked"));
    json_say(claim, "does_not_prove", "that a key was in the hands of the person whom it names");
    json_say(claim, "does_not_prove",
             "that an officer was still in office: a retirement could have been left out");
    if (bad && *verdict != EX_ALTERED)
        *verdict = EX_SIGNATURE;
    else if (!known && *verdict == EX_OK)
        *verdict = EX_PARTIAL;
    return claim;
}

json_t *unpacking_claims(const struct unpacking *u, ex_code *ret_verdict) {
    struct ex_clock now;
    ex_clock_read(&now);
    *ret_verdict = EX_OK;
    json_t *c = content(u->report, now.utc_ns, ret_verdict);
    json_t *h = history(u->report, now.utc_ns, ret_verdict);
    json_t *s = signers(u, now.utc_ns, ret_verdict);
    return json_pack("{s:o, s:o, s:o}", "content", c, "history", h, "signers", s);
}

/* ---- what it is ---- */

static json_t *items_json(const struct package_report *r) {
    json_t *list = json_array(), *not_read = not_read_json(r);
    for (size_t n = 0; n < r->head.item_count; n++) {
        const struct package_item *i = &r->head.item[n];
        const struct vault_object_info *o = &r->object[n];
        json_t *one =
            json_pack("{s:o, s:b}", "id", json_hex(i->id, sizeof i->id), "physical", i->physical);
        if (!i->physical) {
            json_object_set_new(one, "path", json_string(i->path));
            json_object_set_new(one, "object", json_hex(i->object, sizeof i->object));
            json_object_set_new(one, "size_bytes", json_number(o->size_bytes));
            json_object_set_new(one, "sha256", json_hex(o->sha256, sizeof o->sha256));
            json_object_set_new(one, "unreadable_ranges", json_number(o->unreadable_count));
        }
        if (json_is_object(json_array_get(not_read, n)))
            json_object_set(one, "not_read", json_array_get(not_read, n));
        json_array_append_new(list, one);
    }
    json_decref(not_read);
    return list;
}

static json_t *images_json(const struct package_head *h) {
    json_t *list = json_array();
    for (size_t n = 0; n < h->image_count; n++)
        json_array_append_new(list, json_pack("{s:o, s:s}", "item",
                                              json_hex(h->image[n].item, ENTRY_ID_BYTES), "path",
                                              h->image[n].path));
    return list;
}

json_t *unpacking_head_json(const struct unpacking *u) {
    const struct package_report *r = u->report;
    struct note_key key;
    char vkey[NOTE_VKEY_MAX] = "";
    if (note_key_make(r->head.origin, NOTE_TYPE_ED25519, r->head.vault_key, &key, NULL) == EX_OK)
        (void)note_key_text(&key, vkey);
    json_t *json = json_pack(
        "{s:o, s:o, s:s, s:s, s:o, s:o}", "id", json_hex(r->head.id, sizeof r->head.id), "created",
        json_time(r->head.created_ns), "log", r->head.origin, "vault_key", vkey, "officer",
        json_hex(r->head.officer, sizeof r->head.officer), "handover",
        r->head.has_handover ? json_hex(r->head.handover, sizeof r->head.handover) : json_null());
    if (u->signatures != NULL) {
        json_object_set_new(json, "sha256", json_hex(u->signatures->sha256, SHA256_BYTES));
        json_object_set_new(json, "size_bytes", json_number(u->signatures->size_bytes));
    }
    return json;
}

json_t *unpacking_json(const struct unpacking *u) {
    json_t *json = unpacking_head_json(u);
    json_object_set_new(json, "items", items_json(u->report));
    if (u->report->head.image_count > 0)
        json_object_set_new(json, "images", images_json(&u->report->head));
    return json;
}
