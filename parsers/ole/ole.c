/* SPDX-License-Identifier: Apache-2.0 */
/* What a compound file is, and what is told of it. */
#include "parsers/ole/ole.h"

#include "parsers/ole/ole_internal.h"

#include <strings.h>

/* By the stream that it must have. */
static const struct format {
    const char *stream, *word;
    ole_encrypted_fn *encrypted;
    ole_text_fn *text;
    const char *made[8]; /* what is not told as a member besides */
} FORMATS[] = {
    {"WordDocument",
     "word",
     doc_encrypted,
     doc_text,
     {"WordDocument", "0Table", "1Table", "\005SummaryInformation",
      "\005DocumentSummaryInformation", NULL}},
    {"Workbook",
     "excel",
     xls_encrypted,
     xls_text,
     {"Workbook", "\005SummaryInformation", "\005DocumentSummaryInformation", NULL}},
    {"Book",
     "excel",
     xls_encrypted,
     xls_text,
     {"Book", "\005SummaryInformation", "\005DocumentSummaryInformation", NULL}},
    {"PowerPoint Document",
     "powerpoint",
     ppt_encrypted,
     ppt_text,
     {"PowerPoint Document", "Current User", "\005SummaryInformation",
      "\005DocumentSummaryInformation", NULL}},
    {"EncryptedPackage", "ooxml", NULL, NULL, {"EncryptedPackage", NULL}},
};
static const struct format OTHER = {
    NULL, "other", NULL, NULL, {"\005SummaryInformation", "\005DocumentSummaryInformation", NULL}};

static bool has_stream(const struct cfb *c, const char *name) {
    const struct cfb_entry *e = cfb_find(c, 0, name);
    return e != NULL && e->type == CFB_STREAM;
}

static const struct format *format_of(const struct cfb *c) {
    for (size_t i = 0; i < sizeof FORMATS / sizeof FORMATS[0]; i++)
        if (has_stream(c, FORMATS[i].stream))
            return &FORMATS[i];
    return &OTHER;
}

/* [MS-OVBA] §2.2.1: the storage of a project has these names. */
static bool has_macros(const struct cfb *c) {
    for (size_t i = 1; i < c->entry_count; i++) {
        const struct cfb_entry *e = &c->entry[i];
        if (e->reached && e->type == CFB_STREAM &&
            strcasecmp((const char *)e->name, "_VBA_PROJECT") == 0 &&
            strcasecmp((const char *)c->entry[e->parent].name, "VBA") == 0)
            return true;
    }
    return false;
}

/* ---- the document ---- */

static ex_code tell_about(const struct cfb *c, const struct format *f, bool encrypted,
                          struct ex_error *ret_why, struct ex_error *err) {
    static const uint8_t NONE[16];
    const uint8_t *id = c->entry[0].class_id;
    char text[2 * 16 + 1];
    EX_TRY(tell_text(c->run, "format", f->word, err));
    if (memcmp(id, NONE, sizeof NONE) != 0)
        EX_TRY(tell_text(c->run, "class-id", ex_hex(text, id, 16), err));
    if (has_macros(c))
        EX_TRY(tell_text(c->run, "macros", "vba", err));
    EX_TRY(tell_filetime(c->run, PARSER_CHANGED, c->entry[0].modified, "cfb", err));
    return encrypted ? EX_OK : properties_tell(c, ret_why, err);
}

static ex_code tell_words(const struct cfb *c, const struct format *f, struct ex_error *why,
                          struct ex_error *err) {
    EX_AUTO_FREE struct ole_text *text = ex_new0(struct ole_text);
    ole_text_start(text, c->run);
    EX_TRY(f->text(c, text, why, err));
    return ole_text_end(text, err);
}

static ex_code tell_document(const struct cfb *c, const struct format *f, struct ex_error *err) {
    struct ex_error properties = {.code = EX_OK}, why = {.code = EX_OK};
    bool encrypted = f->text == NULL;
    uint32_t trace;
    if (f->encrypted != NULL)
        EX_TRY(f->encrypted(c, &encrypted, err));
    const struct parser_trace t = {.kind = PARSER_DOCUMENT,
                                   .flags = PARSER_UNSIZED | (encrypted ? PARSER_ENCRYPTED : 0U),
                                   .key = "document"};
    EX_TRY(parser_trace(c->run, &t, &trace, err));
    EX_TRY(tell_about(c, f, encrypted, &properties, err));
    if (!encrypted)
        EX_TRY(tell_words(c, f, &why, err));
    if (why.code != EX_OK)
        EX_TRY(parser_trace_problem(c->run, trace, "text", &why, err));
    if (properties.code != EX_OK)
        EX_TRY(parser_trace_problem(c->run, 0, "properties", &properties, err));
    return encrypted ? tell_problem(c->run, 0, "encrypted", err, EX_DENIED,
                                    "its text is not to be had without a key")
                     : EX_OK;
}

static ex_code tell_record(const struct cfb *c, struct ex_error *err) {
    const struct parser_trace t = {.kind = PARSER_RECORD, .key = "record"};
    struct ex_error why = {.code = EX_OK};
    uint32_t trace;
    EX_TRY(parser_trace(c->run, &t, &trace, err));
    EX_TRY(tell_about(c, &OTHER, false, &why, err));
    return why.code == EX_OK ? EX_OK : parser_trace_problem(c->run, 0, "properties", &why, err);
}

/* ---- all of it ---- */

static ex_code tell_all(const struct cfb *c, struct ex_error *err) {
    const struct format *f = format_of(c);
    if (has_stream(c, "__properties_version1.0"))
        EX_TRY(msg_tell(c, 0, 0, "m0", 0, err));
    else {
        EX_TRY(f == &OTHER ? tell_record(c, err) : tell_document(c, f, err));
        EX_TRY(streams_tell(c, f->made, err));
    }
    return c->damaged ? tell_problem(c->run, 0, "structure", err, EX_FORMAT,
                                     "its chains or its directory break their rules; there may be "
                                     "more than was found")
                      : EX_OK;
}

static ex_code examine(struct parser_run *run, const char *parameters, void **ret_state,
                       struct ex_error *err) {
    struct cfb c;
    (void)parameters;
    *ret_state = NULL;
    EX_TRY(cfb_open(&c, run, err));
    ex_code code = tell_all(&c, err);
    cfb_close(&c);
    return code;
}

static void close_nothing(void *state) {
    (void)state;
}

const struct parser ole_parser = {
    .name = "ole", .version = 1, .examine = examine, .close = close_nothing};
