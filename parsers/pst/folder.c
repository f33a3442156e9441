/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cursor.h"
#include "parsers/pst/pst_internal.h"

enum { NAME = 0x3001, CLASS = 0x3613, COMMENT = 0x3004, MESSAGES = 0x3602, UNREAD = 0x3603 };

/* Folders that the store itself calls by their use: the last four bytes of these are the number of
 * a folder ([MS-PST] §2.4.3.2). */
static const struct {
    unsigned id;
    const char *use;
} USES[] = {{0x35E0, "root-of-mail"}, {0x35E2, "outbox"}, {0x35E3, "deleted-items"},
            {0x35E4, "sent-items"},   {0x35E5, "views"},  {0x35E6, "common-views"},
            {0x35E7, "search"}};
enum { ENTRY_BYTES = 24, ENTRY_FOLDER_AT = 20 };

static ex_code tell_use(struct pst *p, const struct values *store, uint32_t id,
                        struct ex_error *err) {
    for (size_t i = 0; i < sizeof USES / sizeof USES[0]; i++) {
        const struct value *v = values_find(store, SET_NONE, USES[i].id);
        struct bytes b = {0};
        if (v == NULL || v->type != MAPI_BINARY)
            continue;
        EX_TRY(value_bytes(store, v, &b, err));
        bool same = b.bytes == ENTRY_BYTES;
        if (same) {
            struct ex_cursor c = ex_cursor_make(b.data + ENTRY_FOLDER_AT, 4);
            same = ex_cursor_le32(&c) == id;
        }
        free(b.data);
        if (same)
            return tell_text(p->run, "use", USES[i].use, err);
    }
    return EX_OK;
}

static ex_code tell_uses(struct pst *p, uint32_t id, struct gaps *gaps, struct ex_error *err) {
    libpff_item_t *store = NULL;
    struct values v = {0};
    if (libpff_file_get_message_store(p->file, &store, NULL) != 1)
        return EX_OK;
    ex_code code = values_load(store, 0, NULL, gaps, &v, err);
    if (code == EX_OK)
        code = tell_use(p, &v, id, err);
    values_clear(&v);
    (void)libpff_item_free(&store, NULL);
    return code == EX_FORMAT ? EX_OK : code;
}

static ex_code tell_values(struct pst *p, const struct values *v, uint32_t id,
                           struct ex_error *err) {
    uint64_t number;
    EX_TRY(parser_trace_number(p->run, "identifier", id, err));
    if ((id & PST_NODE_TYPE) == PST_NODE_SEARCH)
        EX_TRY(tell_text(p->run, "search-folder", "yes", err));
    EX_TRY(values_tell_text(p, v, SET_NONE, CLASS, "container-class", err));
    EX_TRY(values_tell_text(p, v, SET_NONE, COMMENT, "comment", err));
    if (values_take_number(v, SET_NONE, MESSAGES, MAPI_INTEGER, &number))
        EX_TRY(parser_trace_number(p->run, "messages-claimed", number, err));
    if (values_take_number(v, SET_NONE, UNREAD, MAPI_INTEGER, &number))
        EX_TRY(parser_trace_number(p->run, "unread-claimed", number, err));
    for (size_t i = MAPI_TIMES_OF_ALL; i < MAPI_TIMES_COUNT; i++)
        EX_TRY(tell_filetime(p->run, MAPI_TIMES[i].what,
                             values_number(v, SET_NONE, MAPI_TIMES[i].id, MAPI_TIME),
                             MAPI_TIMES[i].source, err));
    return tell_uses(p, id, v->gaps, err);
}

ex_code folder_tell(struct pst *p, libpff_item_t *folder, const struct finding *f, bool alone,
                    struct ex_error *err) {
    struct gaps gaps = {0};
    struct values v = {0};
    struct ex_error why = {0};
    struct bytes name = {0};
    char unit[PST_KEY_BYTES];
    uint32_t trace, id = 0;
    (void)libpff_item_get_identifier(folder, &id, NULL);
    ex_code code = values_load(folder, 0, NULL, &gaps, &v, &why);
    if (code == EX_OK)
        code = values_text(&v, SET_NONE, NAME, &name, &why);
    const struct parser_trace t = {.kind = PARSER_DIRECTORY,
                                   .flags = f->flags,
                                   .parent = f->parent,
                                   .key = f->key,
                                   .name = (const char *)name.data,
                                   .name_bytes = bytes_kept(&v, &name)};
    ex_code told = parser_trace(p->run, &t, &trace, err);
    if (told == EX_OK && f->unlisted)
        told = tell_text(p->run, "unlisted", "yes", err);
    if (told == EX_OK)
        told = code == EX_OK ? tell_values(p, &v, id, err)
                             : parser_trace_problem(p->run, trace, "properties", &why, err);
    if (told == EX_OK)
        told = gaps_tell(p, trace, &gaps, err);
    free(name.data);
    values_clear(&v);
    EX_TRY(told);
    (void)snprintf(unit, sizeof unit, "f%u", id);
    return alone ? EX_OK : parser_unit(p->run, trace, unit, strlen(unit), false, err);
}

/* ---- what is in it ---- */

static ex_code tell_folders(struct pst *p, libpff_item_t *folder, struct ex_error *err) {
    int count = 0;
    if (libpff_folder_get_number_of_sub_folders(folder, &count, NULL) != 1)
        return tell_problem(p->run, 0, "folders", err, EX_FORMAT,
                            "the list of its folders cannot be read");
    for (int i = 0; i < count && i < PST_ITEMS_MAX; i++) {
        libpff_item_t *inner = NULL;
        char key[PST_KEY_BYTES];
        uint32_t id = 0;
        if (libpff_folder_get_sub_folder(folder, i, &inner, NULL) != 1 ||
            libpff_item_get_identifier(inner, &id, NULL) != 1) {
            (void)snprintf(key, sizeof key, "folder-%d", i);
            EX_TRY(tell_problem(p->run, 0, key, err, EX_FORMAT,
                                "a folder that its list names cannot be read"));
        } else if (pst_is_folder(id)) { /* unlisted_tell() has what is none */
            (void)snprintf(key, sizeof key, "f%u", id);
            const struct finding f = {.key = key};
            ex_code code = folder_tell(p, inner, &f, false, err);
            (void)libpff_item_free(&inner, NULL);
            EX_TRY(code);
        }
        if (inner != NULL)
            (void)libpff_item_free(&inner, NULL);
    }
    return count <= PST_ITEMS_MAX ? EX_OK
                                  : tell_problem(p->run, 0, "folders", err, EX_LIMIT,
                                                 "more than %d folders", PST_ITEMS_MAX);
}

/* A unit for each of them. */
static ex_code leave_items(struct pst *p, uint32_t id, char letter, const char *what, int count,
                           struct ex_error *err) {
    for (int i = 0; i < count && i < PST_ITEMS_MAX; i++) {
        char unit[PST_KEY_BYTES];
        (void)snprintf(unit, sizeof unit, "%c%u.%d", letter, id, i);
        EX_TRY(parser_unit(p->run, 0, unit, strlen(unit), false, err));
    }
    return count <= PST_ITEMS_MAX ? EX_OK
                                  : tell_problem(p->run, 0, what, err, EX_LIMIT, "more than %d %s",
                                                 PST_ITEMS_MAX, what);
}

ex_code folder_work(struct pst *p, libpff_item_t *folder, uint32_t id, struct ex_error *err) {
    int count = 0;
    EX_TRY(tell_folders(p, folder, err));
    EX_TRY(unlisted_tell(p, folder, id, err));
    if ((id & PST_NODE_TYPE) == PST_NODE_SEARCH) /* its list is of messages of other folders */
        return EX_OK;
    if (libpff_folder_get_number_of_sub_messages(folder, &count, NULL) == 1)
        EX_TRY(leave_items(p, id, 'm', "messages", count, err));
    else
        EX_TRY(tell_problem(p->run, 0, "messages", err, EX_FORMAT,
                            "the list of its messages cannot be read"));
    if (libpff_folder_get_number_of_sub_associated_contents(folder, &count, NULL) == 1)
        return leave_items(p, id, 'a', "associated", count, err);
    return tell_problem(p->run, 0, "associated", err, EX_FORMAT,
                        "the list of its associated messages cannot be read");
}
