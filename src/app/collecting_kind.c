/* SPDX-License-Identifier: Apache-2.0 */
/* What an item looks like, as a claim beside it: nothing is opened for that. */
#include "app/collecting_internal.h"

#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static json_t *kind_json(const struct kind *kind, const char *by, bool unread) {
    json_t *json = json_pack("{s:s?, s:s?, s:n, s:s, s:b}", "kind", kind->word, "text", kind->text,
                             "detail", "by", by, "unread", unread);
    if (kind->detail[0] != '\0')
        json_object_set_new(json, "detail", json_string(kind->detail));
    return json;
}

/* By the few names that tell one kind from another, when nothing was left out by a selection. */
static json_t *folder_kind_json(const struct collecting *c) {
    static const char *const telling[] = {"Info.plist", "Manifest.db", "Manifest.mbdb"};
    const char *there[sizeof telling / sizeof telling[0]];
    struct kind kind;
    struct stat st;
    size_t count = 0;
    int fd = open(c->before.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || !folder_selection_is_all(&c->selection)) {
        ex_fd_close(fd);
        return NULL;
    }
    for (size_t i = 0; i < sizeof telling / sizeof telling[0]; i++)
        if (fstatat(fd, telling[i], &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
            there[count++] = telling[i];
    ex_fd_close(fd);
    kind_of_names(there, count, &kind);
    return kind.word != NULL ? kind_json(&kind, "names", false) : NULL;
}

json_t *collecting_kind_json(struct act *act, const struct collecting *c) {
    struct kind kind;
    bool unread;
    if (c->before.kind == SOURCE_FOLDER)
        return folder_kind_json(c);
    if (collect_kind(act->vault, &c->report.object, &kind, &unread, NULL) != EX_OK)
        return NULL;
    return kind_json(&kind, "first-bytes", unread);
}
