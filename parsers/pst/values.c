/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cursor.h"
#include "parsers/pst/pst_internal.h"

enum { CODE_PAGE = 0x3FFD, INTERNET_CODE_PAGE = 0x3FDE, GUID_BYTES = 16 };

/* [MS-OXPROPS] §1.3.2; they differ in one byte. */
static unsigned find_set(const uint8_t guid[static GUID_BYTES]) {
    static const uint8_t REST[] = {0x20, 6, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46};
    if (memcmp(guid + 1, REST, sizeof REST) != 0)
        return SET_OTHER;
    return guid[0] == 2   ? SET_APPOINTMENT
           : guid[0] == 3 ? SET_TASK
           : guid[0] == 4 ? SET_ADDRESS
           : guid[0] == 8 ? SET_COMMON
                          : SET_OTHER;
}

/* By which name it goes; one that is a text counts as none that is known. */
static void find_name(struct value *v) {
    libpff_name_to_id_map_entry_t *name = NULL;
    uint8_t kind = 0, guid[GUID_BYTES] = {0};
    uint32_t number = 0;
    if (libpff_record_entry_get_name_to_id_map_entry(v->entry, &name, NULL) != 1 || name == NULL)
        return;
    v->set = SET_OTHER;
    if (libpff_name_to_id_map_entry_get_type(name, &kind, NULL) == 1 &&
        kind == LIBPFF_NAME_TO_ID_MAP_ENTRY_TYPE_NUMERIC &&
        libpff_name_to_id_map_entry_get_number(name, &number, NULL) == 1 &&
        libpff_name_to_id_map_entry_get_guid(name, guid, sizeof guid, NULL) == 1) {
        v->set = find_set(guid);
        v->id = number;
    }
}

static void find_charset(struct values *v) {
    static const unsigned PAGES[] = {CODE_PAGE, INTERNET_CODE_PAGE};
    for (size_t i = 0; i < 2 && v->charset == NULL; i++)
        v->charset =
            charset_of_code_page((unsigned)values_number(v, SET_NONE, PAGES[i], MAPI_INTEGER));
    if (v->charset == NULL)
        v->charset = charset_of_code_page(1252);
}

static void count_unread(struct gaps *gaps, unsigned id) {
    if (gaps->unread++ == 0)
        gaps->first_unread = id;
}

ex_code values_load(libpff_item_t *item, int index, const struct charset *charset,
                    struct gaps *gaps, struct values *ret, struct ex_error *err) {
    libpff_record_set_t *set = NULL;
    int count = 0;
    *ret = (struct values){.charset = charset, .gaps = gaps};
    if (libpff_item_get_record_set_by_index(item, index, &set, NULL) != 1 ||
        libpff_record_set_get_number_of_entries(set, &count, NULL) != 1 || count < 0)
        return ex_fail(err, EX_FORMAT, "its properties cannot be read");
    gaps->left_out += count > PST_VALUES_MAX ? (unsigned)(count - PST_VALUES_MAX) : 0;
    count = count < PST_VALUES_MAX ? count : PST_VALUES_MAX;
    EX_TRY(ex_alloc((size_t)count + 1, sizeof *ret->value,
                    ((size_t)PST_VALUES_MAX + 1) * sizeof *ret->value, "properties", &ret->value,
                    err));
    for (int i = 0; i < count; i++) {
        struct value v = {0};
        uint32_t id = 0, type = 0;
        if (libpff_record_set_get_entry_by_index(set, i, &v.entry, NULL) != 1 ||
            libpff_record_entry_get_entry_type(v.entry, &id, NULL) != 1 ||
            libpff_record_entry_get_value_type(v.entry, &type, NULL) != 1) {
            count_unread(gaps, id);
            continue;
        }
        v.id = id;
        v.type = type;
        find_name(&v);
        ret->value[ret->count++] = v;
    }
    find_charset(ret);
    return EX_OK;
}

void values_clear(struct values *v) {
    free(v->value);
    *v = (struct values){0};
}

const struct value *values_find(const struct values *v, unsigned set, unsigned id) {
    for (size_t i = 0; i < v->count; i++)
        if (v->value[i].set == set && v->value[i].id == id)
            return &v->value[i];
    return NULL;
}

bool values_take_number(const struct values *v, unsigned set, unsigned id, enum mapi_type type,
                        uint64_t *ret) {
    const struct value *one = values_find(v, set, id);
    uint8_t data[8] = {0};
    size_t size = 0, wanted = type == MAPI_TIME ? 8 : type == MAPI_BOOLEAN ? 1 : 4;
    if (one == NULL || one->type != (unsigned)type)
        return false;
    if (libpff_record_entry_get_data_size(one->entry, &size, NULL) != 1 || size < wanted ||
        size > sizeof data || libpff_record_entry_get_data(one->entry, data, size, NULL) != 1) {
        count_unread(v->gaps, id);
        return false;
    }
    struct ex_cursor c = ex_cursor_make(data, wanted);
    *ret = type == MAPI_TIME      ? ex_cursor_le64(&c)
           : type == MAPI_BOOLEAN ? ex_cursor_u8(&c)
                                  : ex_cursor_le32(&c);
    return true;
}

uint64_t values_number(const struct values *v, unsigned set, unsigned id, enum mapi_type type) {
    uint64_t number = 0;
    return values_take_number(v, set, id, type, &number) ? number : 0;
}

ex_code value_bytes(const struct values *v, const struct value *one, struct bytes *ret,
                    struct ex_error *err) {
    size_t size = 0;
    *ret = (struct bytes){0};
    int got = libpff_record_entry_get_data_size(one->entry, &size, NULL);
    if (got != 1 || size > PST_VALUE_BYTES_MAX) {
        if (got != 1)
            count_unread(v->gaps, one->id);
        else
            v->gaps->too_large++;
        return EX_OK;
    }
    if (size == 0)
        return EX_OK;
    EX_TRY(ex_alloc(size, 1, PST_VALUE_BYTES_MAX, "a property", &ret->data, err));
    if (libpff_record_entry_get_data(one->entry, ret->data, size, NULL) == 1) {
        ret->bytes = size;
        return EX_OK;
    }
    count_unread(v->gaps, one->id);
    free(ret->data);
    ret->data = NULL;
    return EX_OK;
}

static ex_code decode(const struct values *v, const struct value *one, struct bytes *ret,
                      struct ex_error *err) {
    struct bytes raw;
    struct charset_decoder d =
        charset_start(one->type == MAPI_TEXT ? &CHARSET_UTF16LE : v->charset);
    EX_TRY(value_bytes(v, one, &raw, err));
    EX_AUTO_FREE uint8_t *own = raw.data;
    if (raw.bytes == 0)
        return EX_OK;
    EX_TRY(ex_alloc(CHARSET_ROOM(raw.bytes) + CHARSET_ROOM(0), 1,
                    CHARSET_ROOM((size_t)PST_VALUE_BYTES_MAX) + CHARSET_ROOM(0), "a text",
                    &ret->data, err));
    ret->bytes = charset_decode(&d, raw.data, raw.bytes, ret->data);
    ret->bytes += charset_end(&d, ret->data + ret->bytes);
    while (ret->bytes > 0 && ret->data[ret->bytes - 1] == '\0')
        ret->bytes--;
    (void)own;
    return EX_OK;
}

ex_code values_text(const struct values *v, unsigned set, unsigned id, struct bytes *ret,
                    struct ex_error *err) {
    *ret = (struct bytes){0};
    for (size_t i = 0; i < v->count; i++) {
        const struct value *one = &v->value[i];
        if (one->set == set && one->id == id &&
            (one->type == MAPI_TEXT || one->type == MAPI_TEXT_8))
            return decode(v, one, ret, err);
    }
    return EX_OK;
}

ex_code values_first_text(const struct values *v, const unsigned *id, struct bytes *ret,
                          struct ex_error *err) {
    *ret = (struct bytes){0};
    for (; *id != 0 && ret->bytes == 0; id++) {
        free(ret->data);
        EX_TRY(values_text(v, SET_NONE, *id, ret, err));
    }
    return EX_OK;
}

size_t bytes_kept(const struct values *v, const struct bytes *b) {
    if (b->bytes > PARSER_VALUE_BYTES_MAX)
        v->gaps->cut++;
    return b->bytes < PARSER_VALUE_BYTES_MAX ? b->bytes : (size_t)PARSER_VALUE_BYTES_MAX;
}

ex_code values_tell_text(struct pst *p, const struct values *v, unsigned set, unsigned id,
                         const char *key, struct ex_error *err) {
    struct bytes b;
    EX_TRY(values_text(v, set, id, &b, err));
    ex_code code =
        b.bytes > 0 ? parser_trace_text(p->run, key, b.data, bytes_kept(v, &b), err) : EX_OK;
    free(b.data);
    return code;
}

ex_code gaps_tell(struct pst *p, uint32_t trace, const struct gaps *gaps, struct ex_error *err) {
    if (gaps->unread > 0)
        EX_TRY(tell_problem(p->run, trace, "unread-properties", err, EX_FORMAT,
                            "%u times a property could not be read, first number %04x",
                            gaps->unread, gaps->first_unread));
    if (gaps->left_out > 0)
        EX_TRY(tell_problem(p->run, trace, "more-properties", err, EX_LIMIT,
                            "%u properties more than the %d that are looked at", gaps->left_out,
                            PST_VALUES_MAX));
    if (gaps->too_large > 0)
        EX_TRY(tell_problem(p->run, trace, "large-properties", err, EX_LIMIT,
                            "%u times a property is larger than %d bytes, and is not told",
                            gaps->too_large, PST_VALUE_BYTES_MAX));
    if (gaps->cut > 0)
        EX_TRY(tell_problem(p->run, trace, "texts-cut", err, EX_LIMIT,
                            "%u texts are longer than %d bytes, and were cut there", gaps->cut,
                            PARSER_VALUE_BYTES_MAX));
    if (gaps->no_people)
        return tell_problem(p->run, trace, "recipients", err, EX_FORMAT,
                            "the list of its recipients cannot be read");
    if (gaps->people == 0)
        return EX_OK;
    return tell_problem(p->run, trace, "recipients", err, EX_FORMAT,
                        "%u of its recipients could not be read", gaps->people);
}
