/* SPDX-License-Identifier: Apache-2.0 */
/* What a machine report says of itself: what it proves and does not, and what the examination that
 * it is of did not do, by what the head of its result says. */
#include "app/machine_internal.h"

static json_t *texts(const char *const *list) {
    json_t *json = json_array();
    for (; *list != NULL; list++)
        json_array_append_new(json, json_string(*list));
    return json;
}

json_t *machine_proves(void) {
    static const char *const list[] = {
        "The ledger names the examination, and its result by an id from which the hashes of all of "
        "its bytes follow. This report was made from that result, whose bytes were compared with "
        "these hashes as they were read.",
        "Where a trace has a SHA-256 and places, what stands at these places of the item has that "
        "hash: it was read for this examination, or is made of the same chunks as a content that "
        "was read for an earlier one (\"known\"). Anybody can export the item and look there with "
        "other tools.",
        "Each row of a list names the trace that it is from. \"exhibit trace show\" gives all that is known "
        "of it.",
        NULL};
    return texts(list);
}

json_t *machine_does_not_prove(void) {
    static const char *const list[] = {
        "Names, times, owners, accounts, versions, \"in use\" and \"deleted\" are what the item's "
        "own structures say. Whoever could write to the medium could write all of them.",
        "An account, a profile and a home folder are not a person. Who sat at the machine stands "
        "nowhere here.",
        "Records that contradict each other are shown beside each other, ordered by their states "
        "and paths alone. Which of them held is not said.",
        "What was found in files that are deleted, without a folder or carved, or inside of other "
        "files, need not hold any more, and need not be of this machine.",
        "Times are those of the clocks that the machine had. None of them was compared with "
        "another clock.",
        "That something is not in this report does not show that it is not in the item: see what "
        "was not examined.",
        "That a name is deleted and its content has a hash does not show that the content is that "
        "of the deleted file.",
        "This report is a copy of what the vault holds. By itself it proves nothing; the ledger, "
        "its signatures and the result do.",
        "That the vault still holds the item's bytes is not checked by this report: exhibit verify "
        "does.",
        NULL};
    return texts(list);
}

static const char *profile_of(const json_t *head) {
    const char *profile = json_string_value(json_object_get(head, "profile"));
    return profile != NULL ? profile : "?";
}

static bool has_parser(const json_t *head, const char *wanted) {
    const char *name;
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(head, "parsers"), i, one) {
        name = json_string_value(json_object_get(one, "name"));
        if (name != NULL && strcmp(name, wanted) == 0)
            return true;
    }
    return false;
}

bool machine_space_searched(const json_t *head) {
    const char *profile = profile_of(head);
    return has_parser(head, "carver") &&
           (strcmp(profile, "standard") == 0 || strcmp(profile, "deep") == 0);
}

static const char *about_profile(const char *profile) {
    if (strcmp(profile, "triage") == 0)
        return "Profile triage: no content was read. There are no hashes and no types, and nothing "
               "was looked into: no archives, mail, documents, pictures or records.";
    if (strcmp(profile, "files") == 0)
        return "Profile files: contents were hashed, and none was looked into: no archives, mail, "
               "documents, pictures or records.";
    return NULL;
}

static const char *about_space(const json_t *head) {
    if (!machine_space_searched(head))
        return "Space that nothing claims (between volumes, unallocated in file systems) was not "
               "searched.";
    if (strcmp(profile_of(head), "deep") == 0)
        return "Space that nothing claims was searched for files of some types alone, at each of "
               "its bytes and only where a parser tells of such space: what lies there in several "
               "pieces, or is of another type (text and mail, for two), was not looked for.";
    return "Space that nothing claims was searched for files of some types alone, at the beginnings "
           "of sectors and only where a parser tells of such space: what lies there in several "
           "pieces, begins elsewhere, or is of another type (text and mail, for two), was not "
           "looked for.";
}

json_t *machine_never(const json_t *head) {
    static const char *const always[] = {
        "What lies behind the ends of files (slack) was not searched.",
        "Only the parsers that are listed read contents. What none of them knows is a file with a "
        "name, a place and perhaps a type and a hash, and no more.",
        "No key and no password was tried, but for the empty one of a PDF.",
        "No program looked at what pictures and films show or listened to sounds, and no text in "
        "pictures was read.",
        "Journals of file systems and logs of the registry were not applied.",
        NULL};
    const char *profile = about_profile(profile_of(head));
    json_t *list = json_array(), *rest = texts(always);
    if (profile != NULL)
        json_array_append_new(list, json_string(profile));
    json_array_append_new(list, json_string(about_space(head)));
    json_array_extend(list, rest);
    json_decref(rest);
    return list;
}
