/* SPDX-License-Identifier: Apache-2.0 */
/* One running act: what it works on, who does it, and how its entries get into the ledger. */
#ifndef EXHIBIT_APP_ACT_INTERNAL_H
#define EXHIBIT_APP_ACT_INTERNAL_H

#include "app/app.h"
#include "catalog/catalog.h"
#include "ledger/history.h"
#include "ledger/ledger.h"
#include "vault/keys.h"
#include "vault/vault.h"

#include <inttypes.h>

enum { ACT_LOCK_WAIT_MS = 30000, SESSION_HOURS = 12 };

struct roster;

struct act {
    const struct request *request;
    const struct app_face *face;
    struct vault *vault;
    struct vault_making *making; /* of `exhibit init` */
    struct ledger *ledger;
    struct catalog *catalog;
    ex_code verdict;
    /* who, once unlocked */
    struct roster *roster; /* NULL while a vault is being made */
    struct vault_officer officer;
    struct vault_keyring *keyring;
    const struct sign_key *vault_key; /* in the keyring; NULL: not unlocked */
    char *officer_name;
    char *agency;
    struct sign_key *session_key;
    uint64_t session;        /* entry index */
    int64_t session_ends_ns; /* 0: none is open */
    /* its own entries */
    bool has_entries, has_intent, has_outcome;
    uint64_t first_entry, last_entry, intent;
    uint8_t case_id[ENTRY_ID_BYTES], item_id[ENTRY_ID_BYTES];
    unsigned has_ids;         /* ENTRY_HAS_CASE, ENTRY_HAS_ITEM */
    bool appending;           /* the ledger's lock is held */
    uint64_t bodies_end;      /* behind the last body that the running batch wrote */
    bool refused;             /* the officer has not the permission */
    bool unlocking;           /* a failure now is a failed attempt to get in */
    uint64_t given_out_bytes; /* by an export that failed */
    bool retired;             /* the officer was retired while the act was running */
    json_t *queue;            /* the list that names its source (json.md §3), or NULL: many.c */
    bool unrecorded;          /* a verification of a vault that cannot be written to */
    uint64_t catalog_was_at;  /* larger than the ledger: the catalog remembers more than there is */
};

static inline const char *act_flag(const struct act *act, enum flag_id id) {
    return act->request->flag[id];
}
/* Who is said to act: --officer, else EXHIBIT_OFFICER; NULL: nobody said so. */
const char *act_officer(const struct act *act);
static inline bool act_has_flag(const struct act *act, enum flag_id id) {
    return act_flag(act, id) != NULL;
}

/* Nothing but the program's own files is written into a vault: exporting.c. EX_USAGE: this file
 * would lie in it. "-" is fine. */
EX_MUST_USE ex_code act_outside_vault(struct act *act, const char *output, struct ex_error *err);
/* Before anything is done: may --output be written? True of none, and of "-". EX_EXISTS, EX_USAGE.
 */
EX_MUST_USE ex_code act_check_output(struct act *act, struct ex_error *err);
/* Into --output, which is given: a new file, or "-". */
EX_MUST_USE ex_code act_put_output(struct act *act, const char *data, size_t size,
                                   struct ex_error *err);

/* What a table of flags cannot say of `exhibit collect`, before a vault is opened. EX_USAGE. */
EX_MUST_USE ex_code collect_check_request(const struct request *r, struct ex_error *err);

/* ---- who: unlock.c ---- */

/* Officer, passphrase, keys, catalog; a failure to unlock is noted for the ledger. */
EX_MUST_USE ex_code act_unlock(struct act *act, struct ex_error *err);
/* With the code of the recovery sheet in place of a passphrase: keyring and catalog are open, but
 * there is no officer yet who could sign. */
EX_MUST_USE ex_code act_unlock_by_code(struct act *act, struct ex_error *err);
/* Only so far that bodies and packs of an encrypted vault can be read: nothing can be signed, no
 * entry is written, the ledger may be damaged. Nothing at all in a plain vault. */
EX_MUST_USE ex_code act_unlock_to_read(struct act *act, struct ex_error *err);
/* Opens the catalog of the unlocked vault, and brings it up to date. */
EX_MUST_USE ex_code act_open_catalog(struct act *act, struct ex_error *err);
/* Deletes the file, and fills a new one from the ledger. */
EX_MUST_USE ex_code act_renew_catalog(struct act *act, struct ex_error *err);
/* Asks for a passphrase that is being chosen: APP_FIRST_PASSPHRASE or APP_NEW_PASSPHRASE. EX_USAGE:
 * too short. In locked memory, for sodium_free(). */
EX_MUST_USE ex_code act_choose_passphrase(struct act *act, enum app_secret which, const char *who,
                                          char **ret, size_t *ret_bytes, struct ex_error *err);

/* ---- failed unlocks: attempts.c ---- */

/* Failed unlocks that wait for a session to sign for them (format/ledger §6): an array, never NULL.
 */
json_t *unlock_attempts(struct act *act);
/* The same, moved aside under the ledger's lock so that none is lost; forget them once they are in
 * the ledger. */
json_t *unlock_attempts_take(struct act *act);
void unlock_attempts_forget(struct act *act);
/* An attempt that nobody can sign for: the next session does. False when it could not be noted. */
bool act_note_failed_unlock(struct act *act);

/* ---- a history of some of the entries: reading.c ---- */

struct reading {
    struct history *history;
    size_t session_count, session_capacity;
    uint64_t *session; /* indexes of the session.open entries that were fed */
    size_t bad_count, bad_capacity;
    struct reading_bad {
        uint64_t index;
        bool has_item;
        uint8_t item_id[ENTRY_ID_BYTES];
    } * bad; /* entries that the history found something wrong with, and that have no effect */
};
EX_MUST_USE ex_code reading_start(struct act *act, struct reading *r, struct ex_error *err);
void reading_clear(struct reading *r);
/* The entry, and before it the session that signed it. In order of index. */
EX_MUST_USE ex_code reading_feed(struct act *act, struct reading *r, uint64_t index,
                                 const uint8_t *bytes, size_t size_bytes, struct ex_error *err);
/* The event stands in one of the first lines; most entries need no more than this look. */
bool reading_event_begins(const uint8_t *bytes, size_t size_bytes, const char *event);

/* ---- the officers of the ledger: roster.c ---- */

/* Reads every entry about officers that was not read yet. From the ledger alone. */
EX_MUST_USE ex_code roster_load(struct act *act, struct ex_error *err);
void roster_free(struct roster *r);
/* NULL: none. They live as long as the act, and change only in roster_load(). */
const struct history_officer *roster_officer(const struct act *act,
                                             const uint8_t id[static ENTRY_ID_BYTES]);
const struct history_officer *roster_at(const struct act *act, size_t position);
/* From the body of the enrolment; "(erased)" when it is not there. The caller frees. */
char *roster_name(struct act *act, const struct history_officer *o);
/* Entries about officers and keys, ascending: indexes of the ledger. */
size_t roster_key_entries(const struct act *act, const uint64_t **ret);
/* One in office, by name or id. */
EX_MUST_USE ex_code roster_in_office(struct act *act, const char *given,
                                     const struct history_officer **ret, struct ex_error *err);
/* By name; of several the one in office. */
const struct history_officer *roster_find(struct act *act, const char *name);
/* Under the ledger's lock: EX_DENIED when the act's officer was retired since it began. */
EX_MUST_USE ex_code roster_check_in_office(struct act *act, struct ex_error *err);

/* ---- the keyring that the ledger names: keyring_check.c ---- */

/* {"generation", "sha256"}, as `keyring` in the `what` of an entry (format/vault §7.2). */
json_t *keyring_json(uint64_t generation, const uint8_t sha256[static SHA256_BYTES]);
/* EX_ALTERED: the open keyring is not the newest that the ledger names. Needs the roster. */
EX_MUST_USE ex_code keyring_check_newest(struct act *act, struct ex_error *err);

/* ---- entries: act_entries.c ---- */

/* An entry to be. Sections are JSON values that the draft owns from then on. */
struct draft {
    struct entry entry; /* event, has and the fields that belong to it */
    json_t *what;
    bool by_vault, by_officer;     /* otherwise by the session */
    const struct sign_key *signer; /* only with by_vault */
    const char *provenance;        /* a section of that name, the caller's; NULL: none */
    size_t provenance_bytes;
    bool bare; /* no who and why: what the act's own people did not ask for */
};

/* Called under the ledger's lock with the catalog up to date, before the draft is signed. */
typedef ex_code draft_prepare_fn(struct act *act, struct draft *draft, void *context,
                                 struct ex_error *err);

/* Appends the drafts as one batch, opening a session before them when none is open or it ends soon.
 * No drafts: only the session.
 * Takes over every `what`, also on failure. ret_index (may be NULL): the last one's. */
EX_MUST_USE ex_code act_append(struct act *act, struct draft *draft, size_t count,
                               draft_prepare_fn *prepare, void *context, uint64_t *ret_index,
                               struct ex_error *err);

/* The act's own entries, by the command table. `what` is taken over. */
EX_MUST_USE ex_code act_single(struct act *act, json_t *what, draft_prepare_fn *prepare,
                               void *context, struct ex_error *err);
EX_MUST_USE ex_code act_intent(struct act *act, json_t *what, struct ex_error *err);
/* The line by which work that was cut off is known (`exhibit work`): the act's name, its intent,
 * when, by which process, and `more`, an object or NULL, which it takes. free() */
char *act_journal(const struct act *act, const char *name, json_t *more);
EX_MUST_USE ex_code act_outcome(struct act *act, const char *result, json_t *what,
                                const uint8_t *object_id, draft_prepare_fn *prepare, void *context,
                                struct ex_error *err);
/* The same with other drafts before it in one batch, which a crash cannot split. */
EX_MUST_USE ex_code act_outcome_with(struct act *act, const struct draft *before, size_t count,
                                     const char *result, json_t *what, const uint8_t *object_id,
                                     draft_prepare_fn *prepare, void *context,
                                     struct ex_error *err);
/* For an act that failed: whatever of its entries is still owed. */
void act_record_failure(struct act *act, const struct ex_error *why);
/* The same for any end, whether the act failed or not. May add a hint to the error. */
void act_settle(struct act *act, ex_code code, struct ex_error *err);
/* {"session", "first", "last"} */
json_t *act_entries_json(const struct act *act);
/* {"operands": […], "flags": {…}}: what was asked for. */
json_t *act_query_json(const struct act *act);

/* ---- projection: project.c ---- */

/* Brings the catalog up to the ledger's size. */
EX_MUST_USE ex_code project_up_to_date(struct act *act, struct ex_error *err);
/* Throws every row away and reads the whole ledger again; others see the old rows until it is done.
 */
EX_MUST_USE ex_code project_anew(struct act *act, struct ex_error *err);
/* What the ledger's body of an entry says in a section, checked against the entry's commitment.
 * NULL in *ret: erased, or not there. */
EX_MUST_USE ex_code project_section(struct act *act, const struct entry *e, const char *name,
                                    json_t **ret, struct ex_error *err);
/* The same as bytes with a NUL behind them, for a section that is no JSON. The caller frees. */
EX_MUST_USE ex_code project_section_text(struct act *act, const struct entry *e, const char *name,
                                         char **ret, size_t *ret_bytes, struct ex_error *err);
/* Entry and body of an index, the history row of json.md §4.4. */
EX_MUST_USE ex_code project_row(struct act *act, uint64_t index, struct entry *ret_entry,
                                json_t **ret_row, json_t **ret_what, struct ex_error *err);

/* The line for people of an entry about a hand-over; false: it is none (custody_view.c). */
bool custody_summary(const struct entry *e, json_t *what, char *to, size_t size);
/* The row of an entry whose body is gone or damaged. */
json_t *project_row_damaged(const struct entry *e, const struct ex_error *why);

/* ---- what the ledger says of items: truth.c ---- */

typedef ex_code scan_fn(struct act *act, const struct entry *e, void *context,
                        struct ex_error *err);
/* Every entry in order, each proved to be under the signed head. */
EX_MUST_USE ex_code scan_ledger(struct act *act, scan_fn *each, void *context,
                                struct ex_error *err);
EX_MUST_USE ex_code scan_ledger_from(struct act *act, uint64_t first, scan_fn *each, void *context,
                                     struct ex_error *err);

struct case_truth {
    uint8_t id[ENTRY_ID_BYTES];
    char *number, *title;
    int64_t opened_ns;
    uint64_t items; /* held so far */
};

/* How an item came into the ledger (format/ledger §5.2): by the lines of the entry alone, so that a
 * damaged body moves no number. */
enum item_begin { ITEM_NONE, ITEM_COLLECTED, ITEM_REGISTERED, ITEM_IMPORTED };
enum item_begin truth_begin(const struct entry *e);

struct item_truth {
    uint8_t id[ENTRY_ID_BYTES];
    uint8_t case_id[ENTRY_ID_BYTES];
    uint8_t object_id[SHA256_BYTES];
    enum item_begin begin;
    uint64_t outcome, intent; /* the entry that began it, and its intent; 0: it has none */
    int64_t collected_ns;     /* of that entry, however it came */
    bool physical;            /* it has no object: there is nothing to hash */
    char result[ENTRY_WORD_MAX + 1];
    uint64_t proposal, approval; /* entries of two officers: it is disposed of; 0: held */
    uint64_t tombstone;          /* the latest one; 0: none yet */
    bool disposed;               /* and it says that everything of it is gone */
    uint64_t examinations;       /* of it that ended with a result */
    uint64_t number;             /* the how-manieth of its case */
    char label[128];             /* case number / number */
    json_t *item; /* json.md §4.1 from the entry's body; NULL: missing, erased or altered */
};

struct truth {
    size_t case_count, case_capacity;
    struct case_truth *cases;
    size_t item_count, item_capacity;
    struct item_truth *items;
};
EX_MUST_USE ex_code truth_load(struct act *act, struct truth *ret, struct ex_error *err);
void truth_clear(struct truth *t);
/* By label or by id in hex. *ret lives as long as t. */
EX_MUST_USE ex_code truth_find(const struct truth *t, const char *name,
                               const struct item_truth **ret, struct ex_error *err);
/* The label of the next item of a case; only under the ledger's lock is it sure. */
enum { ITEM_LABEL_BYTES = 160 };
EX_MUST_USE ex_code truth_next_label(struct act *act, const uint8_t case_id[static ENTRY_ID_BYTES],
                                     const char *number, char ret[static ITEM_LABEL_BYTES],
                                     struct ex_error *err);
/* EX_NOT_FOUND, for an item of which two officers have decided that it goes. */
ex_code truth_fail_disposed(const struct item_truth *i, struct ex_error *err);
/* The case that --case names becomes the act's own. EX_NOT_FOUND. The caller frees *ret_number. */
EX_MUST_USE ex_code act_take_case(struct act *act, char **ret_number, struct ex_error *err);
/* NULL: there is none. */
const struct case_truth *truth_case(const struct truth *t, const char *number);
const struct case_truth *truth_case_by_id(const struct truth *t,
                                          const uint8_t id[static ENTRY_ID_BYTES]);
/* NULL: there is none. */
const struct item_truth *truth_item_by_id(const struct truth *t,
                                          const uint8_t id[static ENTRY_ID_BYTES]);
bool truth_has_body(const struct item_truth *i);
/* Is the manifest the one that the entry describes? The object id binds it; the digests that people
 * read are compared as well. */
bool truth_agrees(const struct item_truth *i, const struct vault_object_info *o);
/* json.md §4.1 without `verified`; `damaged` says what is wrong with the entry, if anything is. */
json_t *truth_item_json(const struct item_truth *i);
/* The parts of it that were not read, in order, each with why, as far as the ledger has it:
 * "unreadable", "untried", "skipped", "not-known". The item has a body. item_map.c. */
typedef void item_unread_fn(void *context, uint64_t offset, uint64_t length, const char *why);
void item_unread(const struct item_truth *i, const struct vault_object_info *o,
                 item_unread_fn *each, void *context);
/* What of it was read, as a mapfile of ddrescue: item_map.c. EX_USAGE: it has no bytes. The caller
 * frees. */
EX_MUST_USE ex_code item_map(struct act *act, const struct item_truth *i, char **ret,
                             struct ex_error *err);
/* The item with `verified`, and the rows of every entry that concerns it. Sets the act's verdict
 * when one of them is damaged. */
EX_MUST_USE ex_code truth_story(struct act *act, const struct item_truth *item, json_t **ret_item,
                                json_t **ret_rows, struct ex_error *err);

/* ---- the checks of history: check_history.c ---- */

enum { OPEN_INTENTS_MAX = 20, COSIGNERS_SHOWN = 64 };

/* A cosigner, with the most entries that it cosigned (ledger.md §8.4). */
struct cosigner_seen {
    char name[NOTE_NAME_MAX + 1]; /* in the policy; otherwise that of the key */
    struct note_key key;
    bool by_policy; /* otherwise its key comes from the vault itself */
    uint64_t size;
    uint64_t time_s; /* of that cosignature, by the cosigner's clock */
    bool in_file;    /* it stands in the file of --checkpoint */
    uint64_t entry;  /* otherwise in this one */
};

struct cosigned_check {
    bool policy_given, policy_names_vault; /* the latter: as a log, with its key */
    char quorum[NOTE_NAME_MAX + 1];
    bool quorum_none, met;
    uint64_t met_size;     /* entries that the quorum cosigned */
    uint64_t notes;        /* cosigned checkpoints that were looked at */
    uint64_t notes_locked; /* that could not be read */
    uint64_t notes_bad;
    char bad_text[OPEN_INTENTS_MAX][160];
    size_t count; /* cosigners, those of the policy first */
    struct cosigner_seen seen[COSIGNERS_SHOWN];
};

struct history_check {
    uint64_t size; /* entries under the signed head */
    struct ledger_check ledger;
    struct history_report report;
    uint64_t bodies, bodies_erased, bodies_missing, bodies_altered;
    uint64_t bodies_locked; /* there, but the vault is locked */
    uint64_t unauthenticated;
    uint64_t open_count; /* intents without outcome, this act's own left out */
    uint64_t open[OPEN_INTENTS_MAX];
    uint64_t packs_named, packs_missing; /* by the outcomes of collections and compactions */
    uint64_t packs_replaced; /* gone too, but a later entry said that they would be replaced */
    char pack_text[OPEN_INTENTS_MAX][120];
    uint64_t leftovers; /* entries that say that something lay beyond the head */
    uint64_t leftover[OPEN_INTENTS_MAX];
    bool key_given, config_matches;
    bool checkpoint_given;
    uint64_t checkpoint_size;
    size_t body_text_count;
    char body_text[LEDGER_PROBLEMS_MAX][160];
    struct cosigned_check cosigned;
};
/* Everything about the past in one pass; fills in `items` on the way. */
EX_MUST_USE ex_code check_history(struct act *act, struct history_check *ret, struct ex_error *err);
/* Sets *verdict to code when that is the worse result of the two. */
void claim_worse(ex_code *verdict, ex_code code);
/* The claims of json.md §4.3 (claims.c), and the worst verdict among them as a code. */
json_t *claim_history(const struct history_check *h, int64_t now_ns, ex_code *verdict);
json_t *claim_signers(const struct history_check *h, int64_t now_ns, ex_code *verdict);
/* What the claim about signers says of cosigners (claims_cosigned.c): counts, texts, and the
 * verdict when it has to be another one than `good`; NULL: it has not. */
const char *claim_cosigned(json_t *claim, const struct history_check *h, ex_code *ret_code);

/* ---- work that was cut off: work.c ---- */

struct work_story {
    json_t *journal; /* what the work says that it is; NULL: it does not, or it is damaged */
    uint64_t intent; /* as the journal says */
    uint8_t item_id[ENTRY_ID_BYTES];
    bool found; /* the intent is in the ledger, and is about that item */
    bool held;  /* the item was collected after all */
    uint8_t case_id[ENTRY_ID_BYTES];
    json_t *what; /* of the intent, from the ledger */
};
/* Reads what journal and ledger say, and gives every intent of the item that nothing answered an
 * outcome: it was cut off. */
EX_MUST_USE ex_code work_story(struct act *act, const struct vault_work *work,
                               struct work_story *ret, struct ex_error *err);
void work_story_clear(struct work_story *w);

/* ---- JSON: json.c ---- */

json_t *json_hex(const uint8_t *data, size_t size_bytes);
json_t *json_packs(const uint8_t (*id)[VAULT_PACK_ID_BYTES], size_t count);
json_t *json_time(int64_t utc_ns);
/* `unreadable` of json.md §4.1. */
json_t *json_unreadable(const struct vault_object_info *o);
json_t *json_number(uint64_t v); /* at most 2^63 − 1 */
/* Text that may not be UTF-8: sets `key`, and `key`_base64 when bytes had to be replaced. */
void json_set_text(json_t *object, const char *key, const char *bytes);
json_t *json_error(const struct ex_error *err);
bool json_get_hex(json_t *object, const char *key, uint8_t *to, size_t size_bytes);
/* Both claims and texts: {"verdict", "checked_at", "counts", "not_checked", "findings",
 * "does_not_prove"} */
json_t *json_claim(const char *verdict, int64_t now_ns, json_t *counts);
/* Of an item that is a folder (json.md §4.1): what was wanted and is not in it, as `not_read` has
 * it; NULL: nothing. */
json_t *json_not_read(json_t *item);
/* It becomes `not_read` of `to`, when there is anything. */
void json_add_not_read(json_t *to, json_t *item);
/* "not-permitted 2, changed 1"; the caller's. */
char *json_not_read_text(json_t *not_read);
void json_say(json_t *claim, const char *list, const char *format, ...) EX_PRINTF(3, 4);

#endif
