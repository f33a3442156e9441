/* SPDX-License-Identifier: Apache-2.0 */
/* README.txt of a package: for somebody who has never heard of Exhibit. */
#include "transport/package_write.h"

#include "base/cursor.h"
#include <inttypes.h>
#include <stdio.h>

static const char HEAD[] =
    "This is a package of digital evidence.\n"
    "\n"
    "It is a BagIt bag (RFC 8493): the evidence is in data/, everything else describes it. You need\n"
    "no special program to check it; the commands below are stock tools.\n"
    "\n";

static const char CHECK[] =
    "CHECK IT\n"
    "\n"
    "Before it was opened, on NAME.age, with the officer's key as you have it on paper (KEY) and not\n"
    "as this package says. (allowed_signers lies in the package: compare the key in it with paper as\n"
    "well, or write that file yourself.)\n"
    "\n"
    "    minisign -Vm NAME.age -P KEY\n"
    "    ssh-keygen -Y verify -f allowed_signers -I officer -n exhibit-package -s NAME.age.sig < NAME.age\n"
    "    age -d -i YOUR-IDENTITY-FILE NAME.age | tar x\n"
    "\n"
    "In this directory:\n"
    "\n"
    "    sha256sum -c manifest-sha256.txt            # the evidence\n"
    "    sha256sum -c tagmanifest-sha256.txt         # the files that describe it\n"
    "    sha256sum exhibit/objects/*                 # each is named by its own SHA-256\n"
    "    cut -d' ' -f2- fsverity-sha256.txt | while read -r f; do\n"
    "        fsverity digest --hash-alg=sha256 --block-size=4096 \"$f\"; done | diff fsverity-sha256.txt -\n"
    "    exhibit-verify package .                    # the history and its signatures; a small\n"
    "                                                # program that shares no code with Exhibit\n"
    "                                                # (at best partly-checked: minisign and\n"
    "                                                # ssh-keygen check the rest)\n"
    "\n";

static const char IMAGES[] =
    "E01 IMAGES\n"
    "\n"
    "Items are in data/ twice: as the bytes that the ledger vouches for, and as an E01 image (Expert\n"
    "Witness) for programs that want one: open the .E01, the other segments belong to it. The image\n"
    "was made from those bytes for this package. NAME.E01.exhibit.json, signed by the officer, has the\n"
    "hashes of its content and of each segment, and says what was never read at the source. An image is\n"
    "the item when ewfverify computes over its data the SHA-256 that manifest-sha256.txt has of the item;\n"
    "exhibit-verify and exhibit do not look into it.\n"
    "\n"
    "    ewfverify -d sha256 NAME.E01\n"
    "    ssh-keygen -Y verify -f allowed_signers -I officer -n exhibit-export \\\n"
    "        -s NAME.E01.exhibit.json.sig < NAME.E01.exhibit.json\n"
    "\n";

static const char LIMITS[] =
    "WHAT THIS PROVES, AND WHAT NOT\n"
    "\n"
    "Good hashes show that these bytes are those that the lists in this package name; that they are\n"
    "those that were taken into the vault named above, exhibit-verify shows. Good signatures show that\n"
    "the holders of these keys said what the entries in exhibit/excerpt say; this text and case.jsonld\n"
    "are vouched for by the signatures over NAME.age alone. None of it shows that the source was\n"
    "genuine or complete, that a key belongs to whom it names (compare it with paper), that no other\n"
    "entry about these items exists, or that a machine's clock was right. Ranges that could not be\n"
    "read at the source are zeros in the evidence, and listed in exhibit/objects/.\n";

/* Names come from people: no control characters on the reader's terminal. */
static void print_clean(FILE *f, const char *text) {
    for (; *text != '\0'; text++)
        (void)fputc((unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text, f);
}

static void print_line(FILE *f, const char *name, const char *value) {
    (void)fprintf(f, "%-12s", name);
    print_clean(f, value);
    (void)fputc('\n', f);
}

static void print_items(FILE *f, const struct package_readme *r) {
    char hex[SHA256_HEX_BYTES];
    (void)fprintf(f, "\nITEMS\n\n");
    for (size_t i = 0; i < r->head->item_count; i++) {
        const struct package_item *item = &r->head->item[i];
        (void)fprintf(f, "    ");
        print_clean(f, r->label[i]);
        if (item->physical) {
            (void)fprintf(f,
                          "  a physical item: it does not travel in here, only its history does\n");
            continue;
        }
        (void)fprintf(f, "  %s\n        %" PRIu64 " bytes, SHA-256 %s\n", item->path,
                      r->object[i].size_bytes, ex_hex(hex, r->object[i].sha256, SHA256_BYTES));
        if (r->image != NULL && r->image[i] != NULL)
            (void)fprintf(f, "        %s\n", r->image[i]);
        if (r->object[i].unreadable_count > 0)
            (void)fprintf(f, "        NOT WHOLE: %zu ranges were never read from the source\n",
                          r->object[i].unreadable_count);
        if (r->not_read != NULL && r->not_read[i] != NULL)
            (void)fprintf(f, "        NOT WHOLE: a folder that was read only in part: %s\n",
                          r->not_read[i]);
    }
    (void)fputc('\n', f);
}

static void print_all(FILE *f, const struct package_readme *r) {
    char size[24];
    (void)fputs(HEAD, f);
    print_line(f, "package", r->package);
    print_line(f, "from", r->agency);
    print_line(f, "officer", r->officer);
    print_line(f, "case", r->case_number);
    print_line(f, "", r->case_title);
    print_line(f, "ledger", r->origin);
    print_line(f, "vault key", r->vkey);
    print_line(f, "KEY", r->minisign_key);
    (void)snprintf(size, sizeof size, "%" PRIu64, r->ledger_size);
    print_line(f, "entries", size);
    if (r->head->has_handover)
        (void)fprintf(
            f, "\nIt comes with an offer to hand the items over: exhibit/package names it.\n");
    print_items(f, r);
    (void)fputs(CHECK, f);
    if (r->head->image_count > 0)
        (void)fputs(IMAGES, f);
    (void)fputs(LIMITS, f);
    (void)fprintf(f,
                  "\n%" PRIu64 " entries of the ledger that concern these items are not in this "
                  "package, because they\nname other items or other recipients (views, exports, "
                  "other packages, verifications of several\nitems at once).\n",
                  r->left_out);
}

ex_code package_readme_write(const struct package_readme *r, char **ret, size_t *ret_bytes,
                             struct ex_error *err) {
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    if (f == NULL)
        return ex_fail(err, EX_NOMEM, "no memory for README.txt");
    print_all(f, r);
    if (fclose(f) != 0) {
        free(text);
        return ex_fail(err, EX_NOMEM, "no memory for README.txt");
    }
    *ret = text;
    *ret_bytes = size;
    return EX_OK;
}
