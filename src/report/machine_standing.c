/* SPDX-License-Identifier: Apache-2.0 */
/* How a trace stands in the item: in which state, and in what, by what it was found in. Two bytes
 * of each trace are kept for it. */
#include "report/machine_internal.h"

#include <string.h>
#include <strings.h>

const char *const MACHINE_STANDINGS[STANDINGS] = {"usual-place", "in-use", "inside", "not-in-use",
                                                  "carved"};

/* ---- places ---- */

/* Folders and files of a file system in which systems keep what records are told from. */
enum {
    NOWHERE,
    INSIDE, /* of another file */
    ROOT,
    ETC,
    USR,
    USR_LIB,
    VAR,
    VAR_LIB,
    VAR_LOG,
    DPKG,
    RUN,
    WINDOWS,
    SYSTEM32,
    CONFIG,
    APPCOMPAT,
    PROGRAMS,
    PEOPLE,
    PERSON,
    APPDATA,
    LOCAL,
    MICROSOFT,
    OF_PERSON,
    KEPT /* a file in which a system keeps records */
};

struct usual {
    uint8_t above;
    const char *name; /* NULL: any */
    bool any_case;
    uint8_t place;
};
static const struct usual folders[] = {
    {ROOT, "etc", false, ETC},
    {ROOT, "usr", false, USR},
    {USR, "lib", false, USR_LIB},
    {ROOT, "var", false, VAR},
    {VAR, "lib", false, VAR_LIB},
    {VAR, "log", false, VAR_LOG},
    {VAR, "run", false, RUN},
    {VAR_LIB, "dpkg", false, DPKG},
    {ROOT, "run", false, RUN},
    {ROOT, "windows", true, WINDOWS},
    {ROOT, "winnt", true, WINDOWS},
    {WINDOWS, "system32", true, SYSTEM32},
    {SYSTEM32, "config", true, CONFIG},
    {WINDOWS, "appcompat", true, APPCOMPAT},
    {APPCOMPAT, "programs", true, PROGRAMS},
    {ROOT, "home", false, PEOPLE},
    {ROOT, "users", true, PEOPLE},
    {ROOT, "documents and settings", true, PEOPLE},
    {PEOPLE, NULL, true, PERSON},
    {PERSON, "appdata", true, APPDATA},
    {APPDATA, "local", true, LOCAL},
    {LOCAL, "microsoft", true, MICROSOFT},
    {MICROSOFT, "windows", true, OF_PERSON},
};
static const struct usual files[] = {
    {ETC, "os-release", false, KEPT},     {ETC, "passwd", false, KEPT},
    {USR_LIB, "os-release", false, KEPT}, {VAR_LOG, "wtmp", false, KEPT},
    {VAR_LOG, "btmp", false, KEPT},       {RUN, "utmp", false, KEPT},
    {DPKG, "status", false, KEPT},        {CONFIG, "system", true, KEPT},
    {CONFIG, "software", true, KEPT},     {CONFIG, "sam", true, KEPT},
    {CONFIG, "security", true, KEPT},     {PROGRAMS, "amcache.hve", true, KEPT},
    {PERSON, "ntuser.dat", true, KEPT},   {OF_PERSON, "usrclass.dat", true, KEPT},
};

static bool is_kind(const struct trace_line *line, const char *kind) {
    return strcmp(line->kind, kind) == 0;
}

static uint8_t by_name(const struct usual *among, size_t count, uint8_t above, const char *name) {
    for (size_t i = 0; i < count; i++) {
        const struct usual *u = &among[i];
        if (u->above == above && (u->name == NULL || (u->any_case ? strcasecmp(name, u->name)
                                                                  : strcmp(name, u->name)) == 0))
            return u->place;
    }
    return NOWHERE;
}

static uint8_t place_of(uint8_t above, const struct trace_line *line) {
    if (above == INSIDE || is_kind(line, "member") || is_kind(line, "message"))
        return INSIDE;
    if (is_kind(line, "file-system"))
        return ROOT;
    if (line->name != NULL && is_kind(line, "directory"))
        return by_name(folders, sizeof folders / sizeof folders[0], above, line->name);
    if (line->name != NULL && is_kind(line, "file"))
        return by_name(files, sizeof files / sizeof files[0], above, line->name);
    return is_kind(line, "record") && above == KEPT ? KEPT : NOWHERE;
}

/* ---- both ---- */

ex_code machine_stand(struct machine *m, uint64_t number, const struct trace_line *line,
                      struct ex_error *err) {
    EX_TRY(trace_states_add(&m->states, number, line, err));
    EX_TRY(ex_grow(&m->place, &m->places_capacity, (size_t)number, sizeof *m->place,
                   TRACE_STATES_MAX, "the places of the traces", err));
    bool has_parent = line->parent > 0 && line->parent < number;
    m->place[number - 1] = place_of(has_parent ? m->place[line->parent - 1] : NOWHERE, line);
    return EX_OK;
}

bool machine_is_home(const struct machine *m, uint64_t number) {
    return m->place[number - 1] == PERSON;
}

enum machine_standing machine_standing_in(const struct machine *m, const struct machine_list *l,
                                          uint64_t number) {
    enum trace_state state = trace_state_of(&m->states, number);
    if (state == TRACE_CARVED)
        return STANDING_CARVED;
    if (state > TRACE_VIRTUAL)
        return STANDING_GONE;
    uint8_t place = m->place[number - 1];
    if (place == INSIDE)
        return STANDING_INSIDE;
    return l->has_places && (place == KEPT || place == PERSON) ? STANDING_USUAL : STANDING_USED;
}
