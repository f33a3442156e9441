/* SPDX-License-Identifier: Apache-2.0 */
/* exhibit-verify vault DIR: vault.json (vault.md §2), then packs, ledger and items; exhibit-verify package DIR; and
 * the report, as lines or as one JSON object. Exit statuses are those of json.md §2. */
#include "verify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: exhibit-verify vault DIR [--key VKEY] [--checkpoint FILE] [--cosigner VKEY]... [--json]\n"
    "       exhibit-verify package DIR [--key VKEY] [--json]\n\n"
    "  checks a plain vault (packs, items, ledger) or an opened package. It needs no passphrase and changes nothing.\n\n"
    "  --key VKEY         the vault key as on paper; of a package, the sender's\n"
    "  --checkpoint FILE  a checkpoint that was kept outside the vault\n"
    "  --cosigner VKEY    somebody who should have cosigned the vault's ledger\n"
    "  --json             one JSON object instead of lines\n\n"
    "exit status: 0 good, 1 failed, 2 usage, 3 partly checked, 4 altered or missing, 5 signature, 9 unsupported\n";

static const char *const claims[CLAIMS] = {"content", "history", "signers"};
static const char *const words[] = {"good", "note", "partly-checked", "missing", "altered", "bad-signature"};
static const int statuses[] = {0, 0, 3, 4, 4, 5};
#define X(claim, name) {claim, #name},
static const struct { enum claim claim; const char *name; } counts[COUNT_KINDS] = {COUNTS(X)};
#undef X

static const char *const limits[] = { /* v: of a vault, p: of a package */
    "v not checked: index, catalog, parity, dates of verification, unfinished work: derived, or no evidence yet",
    "v not checked: keys/: the keyring and the officers' locked keys",
    "v not checked: what examinations of items found, but for the packs that it lies in",
    "p not checked: what allowed_signers, case.jsonld, bag-info.txt and README.txt say",
    "v not checked: what others than those of --cosigner signed under a checkpoint",
    "p not checked: what others signed under a checkpoint",
    "  not checked: what receipts of other vaults, of which bodies tell, prove",
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

#define FORMAT(text, format) /* the arguments behind it */ \
    char text[300]; \
    va_list ap; \
    va_start(ap, format); \
    vsnprintf(text, sizeof text, format, ap); \
    va_end(ap)

/* ---- the report ---- */

static void put_text(const struct run *r, const char *s) { /* bytes from outside are never sent to a terminal */
    for (; *s != '\0'; s++) {
        if (r->json && (*s == '"' || *s == '\\')) putchar('\\');
        putchar(*s < 0x20 || *s > 0x7e ? '?' : *s);
    }
}
static void put(const struct run *r, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void put(const struct run *r, const char *name, const char *format, ...) {
    FORMAT(text, format);
    printf(r->json ? ",\"%s\":\"" : ", %s ", name);
    put_text(r, text);
    if (r->json) putchar('"');
}
static void put_number(const struct run *r, const char *name, uint64_t value) {
    if (value != NONE) printf(r->json ? ",\"%s\":%llu" : ", %s %llu", name, (unsigned long long)value);
}
static void put_id(const struct run *r, const char *name, const uint8_t *id, size_t n) {
    char hex[65];
    put(r, name, "%s", sodium_bin2hex(hex, sizeof hex, id, n));
}

void stop(const struct run *r, int status, const char *format, ...) {
    FORMAT(text, format);
    printf(r->json ? "],\"exit\":%d" : "failed, exit %d", status);
    put(r, "text", "%s", text);
    puts(r->json ? "}" : "");
    exit(status);
}

void find(struct run *r, enum claim c, enum verdict v, uint64_t entry, const char *format, ...) {
    FORMAT(text, format);
    if (v > r->told.worst[c]) r->told.worst[c] = v;
    r->told.found[c]++;
    if (r->told.lines++ >= MAX_LINES) return;
    if (r->json) printf("%s{\"claim\":\"%s\",\"verdict\":\"%s\"", r->told.lines > 1 ? "," : "", claims[c], words[v]);
    else printf("%s", words[v]);
    if (r->nested > 0) put(r, r->json ? "log" : "provenance from", "%s", r->origin);
    put_number(r, "entry", entry);
    if (r->json) put(r, "text", "%s", text);
    else printf(": "), put_text(r, text);
    puts(r->json ? "}" : "");
}

static void put_item(const struct run *r, const struct item *i) {
    const char *word = i->disposed ? i->gone ? "disposed" : "partly-disposed"
                     : i->physical && i->verdict == GOOD ? "physical" : words[i->verdict];
    printf(r->json ? "%s{\"item\":%zu" : "%sitem %zu", r->json && i > r->items ? "," : "", i - r->items + 1);
    put(r, "label", "%s", i->label);
    put(r, "verdict", "%s", word);
    put_number(r, "entry", i->entry);
    put_id(r, "id", i->id, 16);
    if (!i->physical) {
        put_id(r, "object", i->object, 32);
        put_id(r, "sha256", i->sha256, 32);
        put_number(r, "size_bytes", i->size);
        put_number(r, "unreadable_bytes", i->unreadable);
    }
    puts(r->json ? "}" : "");
}

static int report(struct run *r) {
    enum verdict worst = GOOD;
    if (r->json) printf("],\"items\":[");
    for (size_t i = 0; i < r->n_items; i++) {
        const struct item *it = &r->items[i];
        put_item(r, it);
        r->counts[N_items]++;
        r->counts[N_items_disposed] += it->disposed;
        r->counts[N_items_physical] += it->physical;
        r->counts[N_items_good] += !it->disposed && !it->physical && it->verdict == GOOD;
    }
    if (r->json) printf("],\"claims\":{");
    for (int c = 0; c < CLAIMS; c++) {
        enum verdict v = r->told.worst[c] == NOTE ? GOOD : r->told.worst[c];
        worst = v > worst ? v : worst;
        printf(r->json ? "%s\"%s\":{\"findings\":%llu" : "%s%s: findings %llu", r->json && c > 0 ? "}," : "", claims[c], (unsigned long long)r->told.found[c]);
        put(r, "verdict", "%s", words[v]);
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

/* ---- a vault ---- */

static void vault_json(struct run *r) {
    static const char *const names[] = {"format", "mode", "id", "origin", "vault_key"};
    struct buf file = {NULL, 0};
    struct slice v[5], number;
    uint64_t version;
    uint8_t typed[33];
    char vkey[160];
    if (file_get(r, "making", 0, 0, false, &file) == GOT) stop(r, 1, "this is no vault yet: it was being made");
    if (file_get(r, "vault.json", 0, 65536, true, &file) != GOT) stop(r, 4, "vault.json is missing or cannot be read");
    struct slice text = {file.p, file.n};
    DIGEST(r->config, text);
    for (int i = 0; i < 5; i++)
        if (!json_string(text, names[i], &v[i])) stop(r, 4, "vault.json is altered: %s is not there, or no text", names[i]);
    if (!json_get(text, "version", &number) || !get_number(number, &version) || !equal(v[0], "exhibit-vault"))
        stop(r, 4, "vault.json is altered: it names no vault and version");
    if (version != 1 || equal(v[1], "encrypted"))
        stop(r, 9, "the vault is encrypted, or of another version: it was not checked");
    if (!equal(v[1], "plain") || !get_hex(v[2], r->id, 16)) stop(r, 4, "vault.json is altered: mode or id is not as it must be");
    snprintf(r->origin, sizeof r->origin, "exhibit-vault/%.32s", (const char *)v[2].p);
    if (v[4].n > 44 && get_base64((struct slice){v[4].p + v[4].n - 44, 44}, typed, 33)) memcpy(r->key, typed + 1, 32);
    vkey_print(vkey, r->origin, r->key);
    if (!equal(v[3], r->origin) || !equal(v[4], vkey)) stop(r, 4, "vault.json is altered: origin or vault_key does not fit its id");
    key_compare(r);
    free(file.p);
}

static void vault_check(struct run *r) {
    vault_json(r);
    packs_check(r);
    ledger_check(r);
    named_check(r);
    for (size_t i = 0; i < r->n_items; i++) {
        struct item *it = &r->items[i];
        if (!it->disposed && !it->physical) item_check(r, it, NULL, NULL);
        if (it->disposed && !it->gone) find(r, CONTENT, PARTLY, it->entry, "its item is to be disposed of, and no entry says that all of it is gone");
    }
}

static int check(struct run *r, const char *dir, const char *checkpoint, bool package) {
    static uint8_t text[65536];
    FILE *f = checkpoint == NULL ? NULL : fopen(checkpoint, "rb");
    if (checkpoint != NULL && f == NULL) stop(r, 1, "the checkpoint cannot be opened: %s", strerror(errno));
    if (f != NULL) r->checkpoint = (struct slice){text, fread(text, 1, sizeof text, f)};
    if (f != NULL) fclose(f);
    if (chdir(dir) != 0) stop(r, 1, "the directory cannot be opened: %s", strerror(errno));
    if (package) package_check(r);
    else walk(r), vault_check(r);
    int status = report(r);
    for (size_t i = 0; i < r->n_files; i++) free(r->files[i]);
    free(r->files);
    free(r->kept.p);
    free(r->raw.p);
    free(r->packs);
    free(r->places);
    free(r->items);
    free(r->named);
    free(r->cosigners);
    return status;
}

int main(int argc, char **argv) {
    struct run r = {.json = false};
    const char *dir = NULL, *checkpoint = NULL;
    bool package = argc > 1 && strcmp(argv[1], "package") == 0, good = package || (argc > 1 && strcmp(argv[1], "vault") == 0);
    if (argc == 2 && strcmp(argv[1], "--help") == 0) return fputs(usage, stdout) == EOF;
    for (int i = 2; good && i < argc; i++) {
        const char *a = argv[i];
        if (strcmp(a, "--json") == 0) r.json = true;
        else if (a[0] != '-' && dir == NULL) dir = a;
        else if (i + 1 < argc && strcmp(a, "--key") == 0) r.key_given = argv[++i];
        else if (i + 1 < argc && strcmp(a, "--checkpoint") == 0 && !package) checkpoint = argv[++i];
        else if (i + 1 < argc && strcmp(a, "--cosigner") == 0 && !package) i++; /* below */
        else good = false;
    }
    if (!good || dir == NULL) return fputs(usage, stderr), 2;
    if (r.json) printf("{\"program\":\"exhibit-verify\",\"findings\":[");
    if (sodium_init() < 0) stop(&r, 1, "libsodium cannot be used");
    for (int i = 3; i < argc; i++)
        if (strcmp(argv[i - 1], "--cosigner") == 0) cosigner_add(&r, argv[i]);
    return check(&r, dir, checkpoint, package);
}
