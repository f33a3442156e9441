/* SPDX-License-Identifier: Apache-2.0 */
/* exhibit-verify vault DIR: vault.json (vault.md §2), then packs, ledger and items; exhibit-verify package DIR; and
 * the report, as lines or as one JSON object. Exit statuses are those of json.md §2. */
#include "verify.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: exhibit-verify vault DIR [--key VKEY] [--checkpoint FILE] [--json] [--max-ids N]\n"
    "       exhibit-verify package DIR [--key VKEY] [--json]\n\n"
    "  checks a plain vault (packs, items, ledger) or an opened package. It needs no passphrase and changes nothing.\n\n"
    "  --key VKEY         the vault key as on paper; of a package, the sender's\n"
    "  --checkpoint FILE  a checkpoint that was kept outside the vault\n"
    "  --json             one JSON object instead of lines\n"
    "  --max-ids N        how many ids to remember (default 16000000)\n\n"
    "exit status: 0 good, 1 failed, 2 usage, 3 partly checked, 4 altered or missing, 5 signature, 9 unsupported\n";

static const char *const claims[CLAIMS] = {"content", "history", "signers"};
static const char *const words[] = {"good", "good", "partly-checked", "missing", "altered", "bad-signature"};
static const int statuses[] = {0, 0, 3, 4, 4, 5};
#define X(claim, name) {claim, #name},
static const struct { enum claim claim; const char *name; } counts[COUNT_KINDS] = {COUNTS(X)};
#undef X

static const char *const limits[] = { /* v: of a vault, p: of a package */
    "v not checked: index, catalog, parity, dates of verification, unfinished work: derived, or no evidence yet",
    "v not checked: keys/: the keyring and the officers' locked keys",
    "p not checked: the signatures over the encrypted file; officer.pub, allowed_signers, case.jsonld, bag-info.txt, README.txt",
    "  not checked: cosignatures (§8): what others signed under a checkpoint; receipts of other vaults in bodies",
    "  does not prove: that a source was complete, genuine or unchanged before it was taken in",
    "  does not prove: that times are right: they are what the machine's clock said",
    "  does not prove: who held a key: the keys in the ledger prove only that the same keys signed all along",
    "  does not prove: that officers had the permission for an act, other than manage, dispose and handover",
    "v does not prove: that what was disposed of is nowhere else",
    "  does not prove: whose vault it is, unless its key on paper was given (--key)",
    "v does not prove: that nothing was cut off its end, unless a checkpoint kept outside was given (--checkpoint)",
    "p does not prove: that no other entry concerns the items: these were chosen by the sender",
    "p does not prove: that an officer was still in office, or that the checkpoint is the newest",
};

/* ---- the report ---- */

static void put_text(const char *s) { /* bytes from outside are shown, never sent to a terminal */
    putchar('"');
    for (; *s != '\0'; s++)
        if (*s < 0x20 || *s > 0x7e || *s == '"' || *s == '\\') printf("\\u%04x", (unsigned)(unsigned char)*s);
        else putchar(*s);
    putchar('"');
}

#define FORMAT(text, format) do { \
    va_list ap; \
    va_start(ap, format); \
    vsnprintf(text, sizeof text, format, ap); \
    va_end(ap); \
} while (0)

void stop(const struct run *r, int status, const char *format, ...) {
    char text[300];
    FORMAT(text, format);
    if (r->json) printf("],\"exit\":%d,\"text\":", status), put_text(text), puts("}");
    else fprintf(stderr, "exhibit-verify: %s\n", text);
    exit(status);
}

static void put_number(const struct run *r, const char *name, uint64_t value) {
    if (value != NONE) printf(r->json ? ",\"%s\":%llu" : ", %s %llu", name, (unsigned long long)value);
}
static void put_id(const struct run *r, const char *name, const uint8_t *id, size_t n) {
    char hex[65];
    if (id != NULL) put_hex(hex, id, n), printf(r->json ? ",\"%s\":\"%s\"" : ", %s %s", name, hex);
}

void find(struct run *r, enum claim c, enum verdict v, struct where w, const char *format, ...) {
    char text[300];
    FORMAT(text, format);
    if (v > r->told.worst[c]) r->told.worst[c] = v;
    r->told.found[c]++;
    if (r->told.lines++ >= MAX_LINES) return;
    const char *word = v == NOTE ? "note" : words[v];
    if (r->json) printf("%s{\"claim\":\"%s\",\"verdict\":\"%s\"", r->told.lines > 1 ? "," : "", claims[c], word);
    else printf("%s", word);
    if (r->nested > 0) printf(r->json ? ",\"log\":\"%s\"" : ", provenance from %s", r->origin);
    put_number(r, "entry", w.entry);
    put_id(r, "item", w.item, 16);
    put_id(r, "pack", w.pack, 32);
    put_number(r, "offset", w.offset);
    put_number(r, "length", w.length);
    if (r->json) printf(",\"text\":"), put_text(text), putchar('}');
    else printf(": %s\n", text);
}

static void put_item(const struct run *r, const struct item *i) {
    const char *word = i->disposed ? i->gone ? "disposed" : "partly-disposed"
                     : i->physical && i->verdict == GOOD ? "physical" : words[i->verdict];
    if (r->json) printf("%s{\"label\":", i > r->items ? "," : ""), put_text(i->label);
    else printf("item %s: ", i->label);
    printf(r->json ? ",\"verdict\":\"%s\"" : "%s", word);
    put_number(r, "entry", i->entry);
    put_id(r, "id", i->id, 16);
    put_id(r, "object", r->json && !i->physical ? i->object : NULL, 32);
    put_id(r, "sha256", i->says ? i->sha256 : NULL, 32);
    put_number(r, "size_bytes", i->says ? i->size : NONE);
    put_number(r, "unreadable_bytes", i->unreadable);
    puts(r->json ? "}" : "");
}

static int report(struct run *r) {
    enum verdict worst = GOOD;
    for (int c = 0; c < CLAIMS; c++) worst = r->told.worst[c] > worst ? r->told.worst[c] : worst;
    if (r->json) printf("],\"items\":[");
    for (size_t i = 0; i < r->n_items; i++) put_item(r, &r->items[i]);
    if (r->json) printf("],\"claims\":{");
    for (int c = 0; c < CLAIMS; c++) {
        printf(r->json ? "%s\"%s\":{\"verdict\":\"%s\"" : "%s%s: %s", r->json && c > 0 ? "}," : "", claims[c], words[r->told.worst[c]]);
        put_number(r, "findings", r->told.found[c]);
        for (int k = 0; k < COUNT_KINDS; k++)
            if ((int)counts[k].claim == c && (r->package == NULL || r->counts[k] > 0)) put_number(r, counts[k].name, r->counts[k]);
        puts("");
    }
    if (r->json) printf("}},\"limits\":[");
    for (size_t i = 0, n = 0; i < sizeof limits / sizeof *limits; i++)
        if (limits[i][0] != (r->package == NULL ? 'p' : 'v'))
            printf(r->json ? "%s\"%s\"" : "%s%s\n", r->json && n++ > 0 ? "," : "", limits[i] + 2);
    printf(r->json ? "],\"origin\":\"%s\",\"verdict\":\"%s\",\"exit\":%d}\n" : "%s: %s (exit %d)\n", r->origin,
           words[worst], statuses[worst]);
    return fflush(stdout) != 0 || ferror(stdout) ? 1 : statuses[worst];
}

/* ---- vault.json ---- */

static struct slice member(struct run *r, struct slice text, const char *name) {
    struct slice v;
    if (!json_string(text, name, &v)) stop(r, 4, "vault.json is altered: %s is not there, or no text", name);
    return v;
}

static void vault_json(struct run *r) {
    struct buf file = {NULL, 0};
    struct slice v;
    uint64_t version;
    int64_t created;
    uint8_t box[32];
    char hex[33];
    if (file_get(r, "making", 0, 0, false, &file) == GOT) stop(r, 1, "this is no vault yet: it was being made");
    if (file_get(r, "vault.json", 0, 65536, true, &file) != GOT) stop(r, 4, "vault.json is missing or cannot be read");
    struct slice text = {file.p, file.n};
    DIGEST(r->config, text);
    if (!json_valid(text) || !json_get(text, "version", &v) || !get_number(v, &version) ||
        !equal(member(r, text, "format"), "exhibit-vault"))
        stop(r, 4, "vault.json is altered: it is not such a file");
    if (version != 1) stop(r, 9, "the vault is of a version that this program does not know");
    v = member(r, text, "mode");
    if (equal(v, "encrypted")) stop(r, 9, "the vault is encrypted, and this program has no keys: nothing was checked");
    if (!equal(v, "plain") || !get_hex(member(r, text, "id"), r->id, 16) ||
        !get_time(member(r, text, "created"), &created) || !get_base64(member(r, text, "box"), box, 32))
        stop(r, 4, "vault.json is altered: mode, id, created or box is not as it must be");
    put_hex(hex, r->id, 16);
    snprintf(r->origin, sizeof r->origin, "exhibit-vault/%s", hex);
    if (!equal(member(r, text, "origin"), r->origin) || !vkey_parse(member(r, text, "vault_key"), r->origin, r->key))
        stop(r, 4, "vault.json is altered: origin or vault_key does not fit its id");
    key_compare(r);
    free(file.p);
}

static void items_check(struct run *r) {
    for (size_t i = 0; i < r->n_items; i++) {
        struct item *it = &r->items[i];
        if (!it->disposed && !it->physical) item_check(r, it, NULL, NULL);
        else if (it->disposed && !it->gone)
            find(r, CONTENT, PARTLY, (struct where){it->entry, it->id, NULL, NONE, NONE},
                 "it is to be disposed of, and no entry says that all of it is gone");
        r->counts[N_items_disposed] += it->disposed;
        r->counts[N_items_good] += !it->disposed && !it->physical && it->verdict == GOOD;
        r->counts[N_items_physical] += it->physical;
    }
    r->counts[N_items] = r->n_items;
}

static void vault_check(struct run *r) {
    vault_json(r);
    packs_check(r);
    ledger_check(r);
    named_check(r);
    items_check(r);
}

static int check(struct run *r, const char *path, bool package) {
    r->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r->dir < 0) stop(r, 1, "%s cannot be opened: %s", path, strerror(errno));
    if (package) package_check(r);
    else vault_check(r);
    int status = report(r);
    for (size_t i = 0; i < 4; i++) free(r->kept[i].data.p);
    free(r->raw.p);
    free(r->packs);
    free(r->places);
    free(r->items);
    free(r->named);
    close(r->dir);
    return status;
}

int main(int argc, char **argv) {
    struct run r = {.max_ids = 16000000};
    const char *dir = NULL;
    uint64_t n;
    bool package = argc > 1 && strcmp(argv[1], "package") == 0, good = package || (argc > 1 && strcmp(argv[1], "vault") == 0);
    if (argc == 2 && strcmp(argv[1], "--help") == 0) return fputs(usage, stdout) == EOF;
    for (int i = 2; good && i < argc; i++) {
        const char *a = argv[i];
        if (strcmp(a, "--json") == 0) r.json = true;
        else if (a[0] != '-' && dir == NULL) dir = a;
        else if (i + 1 == argc) good = false;
        else if (strcmp(a, "--key") == 0) r.key_given = argv[++i];
        else if (strcmp(a, "--checkpoint") == 0 && !package) r.checkpoint_given = argv[++i];
        else if (strcmp(a, "--max-ids") == 0 && !package) {
            const char *v = argv[++i];
            good = get_number((struct slice){(const uint8_t *)v, strlen(v)}, &n) && n > 0 && n < UINT32_MAX / 2;
            r.max_ids = good ? (size_t)n : 0;
        } else good = false;
    }
    if (!good || dir == NULL) {
        fputs(usage, stderr);
        return 2;
    }
    if (r.json) printf("{\"program\":\"exhibit-verify\",\"findings\":[");
    if (sodium_init() < 0) stop(&r, 1, "libsodium cannot be used");
    return check(&r, dir, package);
}
