/* SPDX-License-Identifier: Apache-2.0 */
/* Who uses a device: mounts, swap, what is made of it, loop devices. The kernel's own word is the
 * exclusive opening (device.c); this file finds out whom to name. */
#include "source/device_internal.h"

#include "base/cursor.h"
#include "base/file.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { MOUNTS_BYTES_MAX = 8 << 20, LAYERS_MAX = 64 };

/* ---- the list of uses ---- */

ex_code device_add_use(struct device *d, enum device_use_kind kind, const char *name,
                       const char *by, struct ex_error *err) {
    for (size_t i = 0; i < d->use_count; i++)
        if (d->use[i].kind == kind && strcmp(d->use[i].name, name) == 0 &&
            strncmp(d->use[i].by, by, sizeof d->use[i].by - 1) == 0)
            return EX_OK;
    EX_TRY(ex_grow(&d->use, &d->use_capacity, d->use_count + 1, sizeof *d->use,
                   (size_t)DEVICE_LIST_MAX * sizeof *d->use, "the uses of a device", err));
    struct device_use *use = &d->use[d->use_count++];
    *use = (struct device_use){.kind = kind};
    (void)snprintf(use->name, sizeof use->name, "%s", name);
    (void)snprintf(use->by, sizeof use->by, "%s", by);
    return EX_OK;
}

void device_use_text(const struct device_use *use, char *to, size_t size) {
    switch (use->kind) {
    case DEVICE_MOUNTED:
        (void)snprintf(to, size, "%s is mounted at %s", use->name, use->by);
        return;
    case DEVICE_SWAP:
        (void)snprintf(to, size, "%s is used as swap space", use->name);
        return;
    case DEVICE_HELD:
        (void)snprintf(to, size, "%s is part of %s", use->name, use->by);
        return;
    case DEVICE_LOOPED:
        (void)snprintf(to, size, "%s is also the loop device %s", use->name, use->by);
        return;
    case DEVICE_CLAIMED:
        (void)snprintf(to, size, "the kernel does not open %s exclusively: something uses it",
                       use->name);
        return;
    case DEVICE_NOT_KNOWN:
        (void)snprintf(to, size, "who uses %s is not known: %s", use->name, use->by);
        return;
    }
}

/* ---- devices that are looked at ---- */

struct node {
    struct device_part part;
    bool whole_only; /* of the whole device of a partition: its other partitions are not meant */
};

struct nodes {
    struct node *node;
    size_t count, capacity;
};

static bool has_node(const struct nodes *n, uint32_t major, uint32_t minor) {
    for (size_t i = 0; i < n->count; i++)
        if (n->node[i].part.major == major && n->node[i].part.minor == minor)
            return true;
    return false;
}

static ex_code add_node(struct nodes *n, const char *name, uint32_t major, uint32_t minor,
                        bool whole_only, struct ex_error *err) {
    if (has_node(n, major, minor))
        return EX_OK;
    EX_TRY(ex_grow(&n->node, &n->capacity, n->count + 1, sizeof *n->node,
                   (size_t)DEVICE_LIST_MAX * sizeof *n->node, "the devices made of a device", err));
    struct node *node = &n->node[n->count++];
    *node = (struct node){.part = {.major = major, .minor = minor}, .whole_only = whole_only};
    (void)snprintf(node->part.name, sizeof node->part.name, "%s", name);
    return EX_OK;
}

/* What is made of a device: "md0 (RAID)", "dm-0 (vg-root)". */
static void describe_holder(const struct device_system *system, const struct device_part *holder,
                            char to[static DEVICE_TEXT_BYTES * 2]) {
    struct device_identity i;
    if ((holder->major == 0 && holder->minor == 0) ||
        device_identify(system, holder->major, holder->minor, &i, NULL) != EX_OK)
        i = (struct device_identity){0};
    const char *more = i.mapped_name[0] != '\0'              ? i.mapped_name
                       : strncmp(holder->name, "md", 2) == 0 ? "RAID"
                                                             : NULL;
    (void)snprintf(to, (size_t)DEVICE_TEXT_BYTES * 2, "%s%s%s%s", holder->name,
                   more != NULL ? " (" : "", more != NULL ? more : "", more != NULL ? ")" : "");
    device_identity_clear(&i);
}

static ex_code take_holders(struct device *d, struct nodes *n, const char *name,
                            const struct device_identity *i, struct ex_error *err) {
    char words[DEVICE_TEXT_BYTES * 2];
    for (size_t k = 0; k < i->holder_count; k++) {
        const struct device_part *holder = &i->holder[k];
        describe_holder(&d->system, holder, words);
        EX_TRY(device_add_use(d, DEVICE_HELD, name, words, err));
        if (holder->major != 0 || holder->minor != 0)
            EX_TRY(add_node(n, holder->name, holder->major, holder->minor, false, err));
    }
    return EX_OK;
}

static ex_code take_bcache(struct device *d, const struct node *node, struct ex_error *err) {
    char directory[DEVICE_PATH_BYTES], path[DEVICE_PATH_BYTES + 16];
    struct stat st;
    if (!device_directory(&d->system, node->part.major, node->part.minor, directory))
        return EX_OK;
    (void)snprintf(path, sizeof path, "%s/bcache", directory);
    return stat(path, &st) == 0 ? device_add_use(d, DEVICE_HELD, node->part.name, "bcache", err)
                                : EX_OK;
}

/* Adds what is made of a node, and its parts. */
static ex_code look_above(struct device *d, struct nodes *n, size_t position,
                          struct ex_error *err) {
    struct node node = n->node[position]; /* the list may move */
    struct device_identity i;
    EX_TRY(device_identify(&d->system, node.part.major, node.part.minor, &i, err));
    ex_code code = take_holders(d, n, node.part.name, &i, err);
    if (code == EX_OK && i.partition != 0 && position == 0) {
        uint32_t major, minor;
        char whole[DEVICE_PATH_BYTES + DEVICE_PATH_BYTES];
        (void)snprintf(whole, sizeof whole, "%s%s", d->system.sys, i.place);
        if (device_text_dev(whole, &major, &minor))
            code = add_node(n, i.whole, major, minor, true, err);
    }
    for (size_t k = 0; !node.whole_only && k < i.part_count && code == EX_OK; k++)
        code = add_node(n, i.part[k].name, i.part[k].major, i.part[k].minor, false, err);
    device_identity_clear(&i);
    return code == EX_OK ? take_bcache(d, &node, err) : code;
}

/* ---- mounts and swap ---- */

/* \040 and the like, in place. */
static void unescape(char *text) {
    char *to = text;
    for (; *text != '\0'; text++, to++) {
        bool octal = text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] >= '0' &&
                     text[2] <= '7' && text[3] >= '0' && text[3] <= '7';
        *to = octal ? (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0')) : *text;
        text += octal ? 3 : 0;
    }
    *to = '\0';
}

/* The node that a path such as /dev/sda1 leads to; NULL: none of these. */
static const struct node *node_at(const struct device *d, const struct nodes *n, const char *path) {
    struct stat st;
    char real[DEVICE_PATH_BYTES * 2];
    if (strncmp(path, "/dev/", 5) != 0)
        return NULL;
    (void)snprintf(real, sizeof real, "%s%s", d->system.dev, path + 4);
    bool there = stat(real, &st) == 0 && S_ISBLK(st.st_mode);
    for (size_t i = 0; i < n->count; i++) {
        const struct device_part *part = &n->node[i].part;
        if (there && major(st.st_rdev) == part->major && minor(st.st_rdev) == part->minor)
            return &n->node[i];
        if (!there && strcmp(path + 5, part->name) == 0)
            return &n->node[i];
    }
    return NULL;
}

/* One line of mountinfo: proc(5). */
struct mount {
    uint32_t major, minor;
    char *point, *kind, *source, *options;
};

static bool parse_mount(char *line, struct mount *ret) {
    char *rest = NULL, *number = NULL;
    *ret = (struct mount){0};
    (void)strtok_r(line, " ", &rest); /* id */
    (void)strtok_r(NULL, " ", &rest); /* parent */
    number = strtok_r(NULL, " ", &rest);
    (void)strtok_r(NULL, " ", &rest); /* root */
    ret->point = strtok_r(NULL, " ", &rest);
    if (number == NULL || ret->point == NULL ||
        sscanf(number, "%u:%u", &ret->major, &ret->minor) != 2)
        return false;
    for (char *word = strtok_r(NULL, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
        if (strcmp(word, "-") == 0)
            break;
    ret->kind = strtok_r(NULL, " ", &rest);
    ret->source = strtok_r(NULL, " ", &rest);
    ret->options = strtok_r(NULL, " ", &rest);
    unescape(ret->point);
    if (ret->source != NULL)
        unescape(ret->source);
    return true;
}

static ex_code take_mounts(struct device *d, const struct nodes *n, char *text,
                           struct ex_error *err) {
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        struct mount m;
        const struct node *node = NULL;
        if (!parse_mount(line, &m))
            continue;
        for (size_t i = 0; i < n->count && node == NULL; i++)
            if (n->node[i].part.major == m.major && n->node[i].part.minor == m.minor)
                node = &n->node[i];
        if (node == NULL && m.source != NULL)
            node = node_at(d, n, m.source); /* btrfs: its numbers are not those of a device */
        if (node != NULL)
            EX_TRY(device_add_use(d, DEVICE_MOUNTED, node->part.name, m.point, err));
    }
    return EX_OK;
}

static ex_code take_swaps(struct device *d, const struct nodes *n, char *text,
                          struct ex_error *err) {
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        line[strcspn(line, " \t")] = '\0';
        unescape(line);
        const struct node *node = node_at(d, n, line);
        if (node != NULL)
            EX_TRY(device_add_use(d, DEVICE_SWAP, node->part.name, "", err));
    }
    return EX_OK;
}

typedef ex_code take_fn(struct device *d, const struct nodes *n, char *text, struct ex_error *err);

/* A list of the kernel that cannot be read leaves open who uses the device. */
static ex_code take_list(struct device *d, const struct nodes *n, const char *list, take_fn *take,
                         bool needed, struct ex_error *err) {
    char path[DEVICE_PATH_BYTES + 32], why[DEVICE_PATH_BYTES + 64];
    EX_AUTO_FREE char *text = NULL;
    (void)snprintf(path, sizeof path, "%s/%s", d->system.proc, list);
    if (device_text_file(path, MOUNTS_BYTES_MAX, &text, NULL) == EX_OK)
        return take(d, n, text, err);
    (void)snprintf(why, sizeof why, "\"%s\" cannot be read", path);
    return needed ? device_add_use(d, DEVICE_NOT_KNOWN, d->identity.name, why, err) : EX_OK;
}

/* ---- loop devices ---- */

/* The file behind a loop device, by its numbers: it may have been moved. */
static bool loop_file(const struct device_system *system, const char *name, struct stat *ret) {
    char path[DEVICE_PATH_BYTES + DEVICE_NAME_BYTES];
    struct loop_info64 info = {0};
    *ret = (struct stat){0};
    (void)snprintf(path, sizeof path, "%s/%s", system->dev, name);
    EX_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd >= 0 && system->control(system->context, fd, LOOP_GET_STATUS64, &info) == 0) {
        ret->st_dev = info.lo_device;
        ret->st_ino = info.lo_inode;
        return true;
    }
    char directory[DEVICE_PATH_BYTES + DEVICE_NAME_BYTES + 16], file[DEVICE_PATH_BYTES];
    (void)snprintf(directory, sizeof directory, "%s/block/%s", system->sys, name);
    return device_text(directory, "loop", "backing_file", file, sizeof file) &&
           stat(file, ret) == 0;
}

/* One of the devices that shows the same file as this one; NULL: none does. */
static const struct node *twin_of(const struct device *d, const struct nodes *n, const char *name) {
    struct stat file, other;
    if (!loop_file(&d->system, name, &file))
        return NULL;
    for (size_t i = 0; i < n->count; i++) {
        const char *its = n->node[i].part.name;
        if (strncmp(its, "loop", 4) == 0 && strcmp(its, name) != 0 &&
            loop_file(&d->system, its, &other) && other.st_dev == file.st_dev &&
            other.st_ino == file.st_ino)
            return &n->node[i];
    }
    return NULL;
}

static ex_code take_loop(struct device *d, struct nodes *n, const char *name,
                         struct ex_error *err) {
    char directory[DEVICE_PATH_BYTES + DEVICE_NAME_BYTES + 16], file[DEVICE_PATH_BYTES];
    uint32_t major, minor;
    (void)snprintf(directory, sizeof directory, "%s/block/%s", d->system.sys, name);
    if (strncmp(name, "loop", 4) != 0 ||
        !device_text(directory, "loop", "backing_file", file, sizeof file))
        return EX_OK;
    if (!device_text_dev(directory, &major, &minor) || has_node(n, major, minor))
        return EX_OK;
    const struct node *node = node_at(d, n, file);
    node = node != NULL ? node : twin_of(d, n, name);
    if (node == NULL)
        return EX_OK;
    EX_TRY(device_add_use(d, DEVICE_LOOPED, node->part.name, name, err));
    return add_node(n, name, major, minor, false, err);
}

static ex_code take_loops(struct device *d, struct nodes *n, struct ex_error *err) {
    char path[DEVICE_PATH_BYTES + 16];
    struct device_names names = {0};
    (void)snprintf(path, sizeof path, "%s/block", d->system.sys);
    EX_TRY(device_names_read(path, &names, err));
    ex_code code = EX_OK;
    for (size_t i = 0; i < names.count && code == EX_OK; i++)
        code = take_loop(d, n, names.name[i], err);
    device_names_clear(&names);
    return code;
}

/* ---- all of it ---- */

static ex_code list_uses(struct device *d, struct nodes *n, struct ex_error *err) {
    char directory[DEVICE_PATH_BYTES];
    const struct device_identity *i = &d->identity;
    EX_TRY(add_node(n, i->name, i->major, i->minor, false, err));
    if (!device_directory(&d->system, i->major, i->minor, directory))
        EX_TRY(device_add_use(d, DEVICE_NOT_KNOWN, i->name, "the kernel's /sys does not name it",
                              err));
    for (size_t k = 0; k < n->count; k++) { /* it grows on the way */
        EX_TRY(look_above(d, n, k, err));
        if (k + 1 == n->count)
            EX_TRY(take_loops(d, n, err));
    }
    EX_TRY(take_list(d, n, "self/mountinfo", take_mounts, true, err));
    EX_TRY(take_list(d, n, "1/mountinfo", take_mounts, false, err)); /* other name spaces */
    return take_list(d, n, "swaps", take_swaps, true, err);
}

ex_code device_list_uses(struct device *d, struct ex_error *err) {
    struct nodes n = {0};
    ex_code code = list_uses(d, &n, err);
    free(n.node);
    return code;
}

/* ---- what a file system lies on ---- */

static ex_code file_system_at(const struct device_system *system, struct nodes *below,
                              const char *path, struct ex_error *err);

/* A file system whose number is that of no device: by its line in the list of mounts. */
static ex_code look_up_mount(const struct device_system *system, struct nodes *below, dev_t number,
                             struct ex_error *err) {
    char path[DEVICE_PATH_BYTES + 32];
    EX_AUTO_FREE char *text = NULL;
    char *rest = NULL;
    (void)snprintf(path, sizeof path, "%s/self/mountinfo", system->proc);
    EX_TRY(device_text_file(path, MOUNTS_BYTES_MAX, &text, err));
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        struct mount m;
        struct stat st;
        if (!parse_mount(line, &m) || m.major != major(number) || m.minor != minor(number))
            continue;
        if (m.source != NULL && stat(m.source, &st) == 0 && S_ISBLK(st.st_mode))
            return add_node(below, m.source, major(st.st_rdev), minor(st.st_rdev), false, err);
        char *upper = m.options != NULL ? strstr(m.options, "upperdir=") : NULL;
        if (m.kind != NULL && strcmp(m.kind, "overlay") == 0 && upper != NULL) {
            upper += strlen("upperdir=");
            upper[strcspn(upper, ",")] = '\0';
            return file_system_at(system, below, upper, err);
        }
    }
    return EX_OK;
}

static ex_code file_system_at(const struct device_system *system, struct nodes *below,
                              const char *path, struct ex_error *err) {
    struct stat st;
    if (below->count > LAYERS_MAX || stat(path, &st) != 0)
        return EX_OK;
    if (major(st.st_dev) != 0)
        return add_node(below, "", major(st.st_dev), minor(st.st_dev), false, err);
    return look_up_mount(system, below, st.st_dev, err);
}

static ex_code look_below(const struct device_system *system, struct nodes *below, size_t position,
                          struct ex_error *err) {
    struct device_identity i;
    struct device_part part = below->node[position].part;
    uint32_t major, minor;
    char whole[DEVICE_PATH_BYTES * 2];
    ex_code code = EX_OK;
    EX_TRY(device_identify(system, part.major, part.minor, &i, err));
    (void)snprintf(whole, sizeof whole, "%s%s", system->sys, i.place);
    if (i.partition != 0 && device_text_dev(whole, &major, &minor))
        code = add_node(below, i.whole, major, minor, false, err);
    for (size_t k = 0; k < i.slave_count && code == EX_OK; k++)
        code = add_node(below, i.slave[k].name, i.slave[k].major, i.slave[k].minor, false, err);
    if (code == EX_OK && i.backing_file[0] != '\0') {
        struct stat st;
        if (stat(i.backing_file, &st) == 0 && S_ISBLK(st.st_mode))
            code = add_node(below, "", major(st.st_rdev), minor(st.st_rdev), false, err);
        else
            code = file_system_at(system, below, i.backing_file, err);
    }
    device_identity_clear(&i);
    return code;
}

ex_code device_carries(const struct device *d, dev_t file_system, enum device_answer_word *ret,
                       struct ex_error *err) {
    struct nodes below = {0};
    ex_code code = major(file_system) != 0
                       ? add_node(&below, "", major(file_system), minor(file_system), false, err)
                       : look_up_mount(&d->system, &below, file_system, err);
    for (size_t i = 0; i < below.count && code == EX_OK; i++)
        code = look_below(&d->system, &below, i, err);
    if (code == EX_OK)
        *ret = has_node(&below, d->identity.major, d->identity.minor) ? DEVICE_YES
               : below.count > 0                                      ? DEVICE_NO
                                                                      : DEVICE_UNKNOWN;
    free(below.node);
    return code;
}
