/* SPDX-License-Identifier: Apache-2.0 */
#include "source/folder_internal.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- what the threads share ---- */

struct folder_dir *folder_dir_use(struct folder_dir *d) {
    atomic_fetch_add(&d->users, 1);
    return d;
}

void folder_dir_release(struct folder_dir *d) {
    if (d == NULL || atomic_fetch_sub(&d->users, 1) != 1)
        return;
    ex_fd_close(d->fd);
    free(d);
}

void folder_entry_clear(struct folder_entry *e) {
    folder_dir_release(e->dir);
    ex_fd_close(e->fd);
    free(e->path);
    free(e->data);
    free(e->link);
    free(e->xattr);
    free(e->xattr_bytes);
    *e = (struct folder_entry){.fd = -1};
}

bool folder_push(struct folder *f, struct folder_entry *e) {
    pthread_mutex_lock(&f->mutex);
    while (f->pushed - f->taken >= FOLDER_RING && !f->quit)
        pthread_cond_wait(&f->room, &f->mutex);
    bool going = !f->quit;
    if (going) {
        f->ring[f->pushed % FOLDER_RING] = *e;
        pthread_cond_signal(e->ready && f->pushed == f->taken ? &f->head : &f->work);
        f->pushed++;
    }
    pthread_mutex_unlock(&f->mutex);
    if (going)
        *e = (struct folder_entry){.fd = -1};
    else
        folder_entry_clear(e);
    return going;
}

/* Under the mutex. */
static void wake_all(struct folder *f) {
    pthread_cond_broadcast(&f->room);
    pthread_cond_broadcast(&f->work);
    pthread_cond_broadcast(&f->head);
}

void folder_fail(struct folder *f, const struct ex_error *err) {
    pthread_mutex_lock(&f->mutex);
    if (f->failed == EX_OK) {
        f->failed = err->code;
        f->error = *err;
    }
    f->quit = true;
    wake_all(f);
    pthread_mutex_unlock(&f->mutex);
}

/* ---- a folder that goes away ---- */

/* A device that was pulled out leaves its directories in memory, where they go on answering. */
static bool device_answers(const struct folder *f) {
    char path[64], size[32] = "";
    (void)snprintf(path, sizeof path, "/sys/dev/block/%u:%u/size", f->root_st.stx_dev_major,
                   f->root_st.stx_dev_minor);
    EX_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 && read(fd, size, sizeof size - 1) > 0 && size[0] != '0';
}

bool folder_is_gone(const struct folder *f) {
    struct statx st;
    return statx(f->root_fd, "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &st) !=
               0 ||
           (f->on_device && !device_answers(f));
}

ex_code folder_fail_gone(const struct folder *f, struct ex_error *err) {
    return ex_hint(ex_fail(err, EX_SOURCE, "the folder \"%s\" does not answer any more", f->path),
                   err, "look at its cable and power, or the server that it is on; collect again");
}

bool folder_end_if_gone(struct folder *f) {
    struct ex_error err = {0};
    if (!folder_is_gone(f))
        return false;
    (void)folder_fail_gone(f, &err);
    folder_fail(f, &err);
    return true;
}

static ex_code wait_for_head(struct folder *f, struct ex_error *err) {
    struct timespec until;
    while (f->failed == EX_OK) {
        if (f->taken < f->pushed ? f->ring[f->taken % FOLDER_RING].ready : f->ended)
            return EX_OK;
        if (f->stop != NULL && atomic_load(f->stop))
            return ex_fail(err, EX_INTERRUPTED, "interrupted while reading the folder \"%s\"",
                           f->path);
        until = ex_deadline(FOLDER_WAIT_MS);
        (void)pthread_cond_clockwait(&f->head, &f->mutex, CLOCK_MONOTONIC, &until);
    }
    if (err != NULL)
        *err = f->error;
    return f->failed;
}

ex_code folder_take(struct folder *f, bool *ret_end, struct ex_error *err) {
    folder_entry_clear(&f->now);
    pthread_mutex_lock(&f->mutex);
    ex_code code = wait_for_head(f, err);
    *ret_end = code == EX_OK && f->taken == f->pushed;
    if (code == EX_OK && !*ret_end) {
        struct folder_entry *e = &f->ring[f->taken % FOLDER_RING];
        f->now = *e;
        *e = (struct folder_entry){.fd = -1};
        f->taken++;
        pthread_cond_signal(&f->room);
    }
    pthread_mutex_unlock(&f->mutex);
    return code;
}

/* ---- opening and closing ---- */

static ex_code start(struct folder *f, struct ex_error *err) {
    if (pthread_create(&f->walker, NULL, folder_walk, f) != 0)
        return ex_fail(err, EX_NOMEM, "could not start a thread");
    f->started = true;
    while (f->workers < FOLDER_WORKERS) {
        if (pthread_create(&f->worker[f->workers], NULL, folder_work, f) != 0)
            return ex_fail(err, EX_NOMEM, "could not start a thread");
        f->workers++;
    }
    return EX_OK;
}

/* False: the system has not answered this thread for seconds, and may never. */
static bool join(pthread_t thread, const struct timespec *until) {
    if (pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, until) == 0)
        return true;
    (void)pthread_detach(thread);
    return false;
}

/* False: a thread is stuck in a call, and the folder has to stay for it. */
static bool stop(struct folder *f) {
    struct timespec until;
    bool ended = true;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += FOLDER_STUCK_SECONDS;
    pthread_mutex_lock(&f->mutex);
    f->quit = true;
    wake_all(f);
    pthread_mutex_unlock(&f->mutex);
    if (f->started)
        ended = join(f->walker, &until);
    while (f->workers > 0)
        ended = join(f->worker[--f->workers], &until) && ended;
    return ended;
}

static ex_code open_root(struct folder *f, struct ex_error *err) {
    f->root_fd = folder_open_at(AT_FDCWD, f->path, O_DIRECTORY, &f->root_access_time);
    if (f->root_fd < 0 && errno == ENOTDIR)
        return ex_fail(err, EX_UNSUPPORTED, "\"%s\" is no folder", f->path);
    if (f->root_fd < 0)
        return ex_hint(ex_fail_sys(err, "could not open the folder \"%s\"", f->path), err,
                       "check the path, and that you may read it");
    if (!folder_stat(f->root_fd, "", &f->root_st))
        return ex_fail_sys(err, "could not examine the folder \"%s\"", f->path);
    f->on_device = device_answers(f);
    return EX_OK;
}

ex_code folder_open(const char *path, const struct folder_selection *selection, int spool_dir_fd,
                    struct folder **ret, struct ex_error *err) {
    EX_AUTO(folder_close) struct folder *f = ex_new0(struct folder);
    f->path = ex_strdup(path);
    f->root_fd = f->good_fd = -1;
    f->now.fd = -1;
    f->selection = *selection;
    if (selection->include != NULL)
        f->selection.include = f->include = ex_strdup(selection->include);
    if (selection->exclude != NULL)
        f->selection.exclude = f->exclude = ex_strdup(selection->exclude);
    pthread_mutex_init(&f->mutex, NULL);
    pthread_cond_init(&f->room, NULL);
    pthread_cond_init(&f->work, NULL);
    pthread_cond_init(&f->head, NULL);
    for (size_t i = 0; i < FOLDER_RING; i++)
        f->ring[i].fd = -1;
    EX_TRY(open_root(f, err));
    EX_TRY(folder_spool_new(spool_dir_fd, &f->listing, err));
    EX_TRY(folder_spool_new(spool_dir_fd, &f->omitted, err));
    EX_TRY(start(f, err));
    *ret = ex_steal(&f);
    return EX_OK;
}

void folder_close(struct folder *f) {
    if (f == NULL || !stop(f)) /* memory of a folder is lost for the rest of the process */
        return;
    for (size_t i = 0; i < FOLDER_RING; i++)
        folder_entry_clear(&f->ring[i]);
    folder_entry_clear(&f->now);
    folder_file_free(f->file);
    folder_spool_free(f->listing);
    folder_spool_free(f->omitted);
    folder_links_free(f->links);
    pthread_mutex_destroy(&f->mutex);
    pthread_cond_destroy(&f->room);
    pthread_cond_destroy(&f->work);
    pthread_cond_destroy(&f->head);
    ex_fd_close(f->root_fd);
    ex_fd_close(f->good_fd);
    free(f->out.data);
    free(f->text.data);
    free(f->file_system);
    free(f->include);
    free(f->exclude);
    free(f->path);
    free(f);
}
