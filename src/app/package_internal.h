/* SPDX-License-Identifier: Apache-2.0 */
/* Reading packages: what `package verify`, `open` and `import` share. */
#ifndef EXHIBIT_APP_PACKAGE_INTERNAL_H
#define EXHIBIT_APP_PACKAGE_INTERNAL_H

#include "app/act_internal.h"
#include "transport/package_read.h"

/* One package that is being read, and what is said about it. */
struct unpacking {
    const char *path;
    bool is_dir;
    struct age_identities *identities;
    bool has_key;
    struct note_key key; /* --key: the sender's vault key from paper */
    bool has_signer;     /* --signer: the officer's key from paper */
    struct minisign_key signer;
    struct package_signatures *signatures; /* NULL: of a directory there are none */
    struct package_report *report;
};

/* Flags, identities (also the officer's own key, when one is unlocked), and the signatures over the
 * file; with --signer a wrong one ends it before anything in the file is read. */
EX_MUST_USE ex_code unpacking_begin(struct act *act, struct unpacking *u, struct ex_error *err);
EX_MUST_USE ex_code unpacking_read(struct act *act, struct unpacking *u,
                                   const struct package_visitor *visitor, struct ex_error *err);
/* The three claims (json.md §4.3) and the worst verdict among them. */
json_t *unpacking_claims(const struct unpacking *u, ex_code *ret_verdict);
/* What the package is: id, log, officer…, and its items as well. */
json_t *unpacking_head_json(const struct unpacking *u);
json_t *unpacking_json(const struct unpacking *u);
void unpacking_clear(struct unpacking *u);

/* ---- which entries of a package's excerpt, all of them good, are about which item ---- */

struct provenance;
/* `x` must stay. */
EX_MUST_USE ex_code provenance_new(const struct excerpt *x, struct provenance **ret,
                                   struct ex_error *err);
void provenance_free(struct provenance *p);
EX_DEFINE_AUTO(struct provenance, provenance_free);
/* The part of the excerpt that is about this item and no other, with who signed it. The caller
 * frees *ret. */
EX_MUST_USE ex_code provenance_of(struct provenance *p,
                                  const uint8_t item_id[static ENTRY_ID_BYTES], char **ret,
                                  size_t *ret_bytes, struct ex_error *err);
/* The item as the sender's ledger describes it, in its own words; NULL: it does not. */
json_t *provenance_item(const struct provenance *p, const uint8_t item_id[static ENTRY_ID_BYTES]);

#endif
