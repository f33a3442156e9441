/* SPDX-License-Identifier: Apache-2.0 */
/* Puts that were cut off and gone on with: the object is the same, and what was acknowledged is
 * read again in places only. */
#include "testing_vault.h"

#include "vault/put_internal.h"

#include <fcntl.h>
#include <signal.h>
#include <time.h>

enum { MIB = 1 << 20 };

static const uint8_t KEY[32] = {9, 8, 7};

static void pause_ms(long ms) {
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

/* ---- cutting a put off ---- */

/* The work's name; there is one at most. */
static bool only_work(struct vault *v, char name[static 40], struct vault_unfinished *ret) {
    struct ex_error err;
    size_t count;
    EX_AUTO_FREE struct vault_unfinished *list = ex_new0_bytes(2 * sizeof *list);
    assert_code(EX_OK, vault_work_list(v, list, 2, &count, &err));
    assert_true(count <= 1);
    if (count == 0)
        return false;
    memcpy(name, list[0].name, sizeof list[0].name);
    if (ret != NULL)
        *ret = list[0];
    return true;
}

/* Stops when so many bytes were taken and the resume point behind them is on the disk. */
struct cut {
    struct vault *v;
    uint64_t at;
    bool wait; /* for the resume point */
};

static void stop_at(struct ex_progress *progress, void *context) {
    struct cut *c = context;
    EX_AUTO_FREE struct vault_unfinished *u = ex_new0(struct vault_unfinished);
    char name[40];
    if (atomic_load(&progress->done_bytes) < c->at)
        return;
    for (int i = 0; c->wait && i < 2000; i++) {
        if (only_work(c->v, name, u) && u->offset >= c->at)
            break;
        pause_ms(2);
    }
    atomic_store(&progress->stop, true);
}

struct attempt {
    uint64_t every, cut_at; /* 0: not cut */
    bool no_wait;
    const char *resume; /* name of the work */
    const struct source_range *bad;
    const uint8_t *key;
};

static ex_code try_attempt(struct place *p, const struct attempt *a, struct vault_object_info *o,
                           struct vault_put_report *r, struct ex_error *err) {
    EX_AUTO(source_close) struct source *s = NULL;
    EX_AUTO(vault_work_close) struct vault_work *work = NULL;
    struct vault_put_options options = {.readback = VAULT_READBACK_NEW,
                                        .journal = "{\"test\": 2}",
                                        .resume_every_bytes = a->every,
                                        .salted_key = a->key};
    struct cut cut = {.v = p->v, .at = a->cut_at, .wait = !a->no_wait};
    struct ex_progress progress = {.phase = "collecting", .context = &cut};
    if (a->cut_at > 0)
        progress.show = stop_at;
    if (a->resume != NULL) {
        EX_TRY(vault_work_open(p->v, a->resume, &work, err));
        uint64_t offset;
        EX_TRY(vault_work_offset(work, &offset, err));
        atomic_store(&progress.done_bytes, offset);
        options.resume = work;
    }
    EX_TRY(source_open(p->source, &s, err));
    if (a->bad != NULL)
        source_inject_error(s, a->bad->offset, a->bad->length);
    EX_TRY(vault_put(p->v, s, &options, &progress, o, r, err));
    return work != NULL ? vault_work_remove(ex_steal(&work), err) : EX_OK;
}

static void assert_same_object(const struct vault_object_info *a,
                               const struct vault_object_info *b) {
    assert_int_equal(a->size_bytes, b->size_bytes);
    assert_memory_equal(a->sha256, b->sha256, 32);
    assert_memory_equal(a->fsverity, b->fsverity, 32);
    assert_memory_equal(a->layout, b->layout, 32);
    assert_int_equal(a->layout_level, b->layout_level);
    assert_memory_equal(a->salted_root, b->salted_root, 32);
    assert_memory_equal(a->id, b->id, 32);
}

static void free_both(struct vault_object_info *o, struct vault_put_report *r) {
    vault_object_info_clear(o);
    vault_put_report_clear(r);
}

/* Uninterrupted, in a vault of its own. */
static void put_reference(const struct place *p, const struct source_range *bad,
                          struct vault_object_info *o, struct vault_put_report *r) {
    struct place other;
    struct ex_error err;
    const struct attempt a = {.key = KEY, .bad = bad};
    make_place_under(&other, "/tmp");
    memcpy(other.source, p->source, sizeof other.source);
    assert_code(EX_OK, try_attempt(&other, &a, o, r, &err));
    close_place(&other);
    remove_tree(other.root);
}

/* Everything that an interruption must not change, and that the bytes come out again. */
static void assert_as_if_never_cut(struct place *p, const struct vault_object_info *o,
                                   const struct vault_put_report *r,
                                   const struct vault_object_info *reference,
                                   const struct vault_put_report *expected, const uint8_t *data) {
    struct vault_object_info found;
    assert_same_object(o, reference);
    assert_int_equal(r->data_bytes, expected->data_bytes);
    assert_int_equal(r->constant_bytes, expected->constant_bytes);
    assert_int_equal(r->chunks, expected->chunks);
    reopen_place(p);
    find_object(p->v, o->id, &found);
    assert_streams(p->v, &found, data);
    assert_verifies(p->v, &found);
    assert_no_problems(p->v);
    vault_object_info_clear(&found);
}

/* Cut at every resume point of a source, each time in a fresh vault. */
static void cut_everywhere(const uint8_t *data, size_t size) {
    struct ex_error err;
    struct vault_object_info reference, o;
    struct vault_put_report expected, r;
    for (uint64_t at = MIB; at <= size; at += MIB) {
        struct place p;
        char name[40];
        EX_AUTO_FREE struct vault_unfinished *u = ex_new0(struct vault_unfinished);
        make_place_under(&p, "/tmp");
        write_file(p.source, data, size);
        put_reference(&p, NULL, &reference, &expected);
        const struct attempt first = {.every = MIB, .cut_at = at, .key = KEY};
        assert_code(EX_INTERRUPTED, try_attempt(&p, &first, &o, &r, &err));
        assert_non_null(strstr(err.hint, "exhibit work resume "));
        reopen_place(&p);
        assert_true(only_work(p.v, name, u));
        assert_true(u->resumable && !u->running);
        assert_int_equal(u->offset, at);
        assert_string_equal(u->what, "{\"test\": 2}");
        const struct attempt again = {.every = MIB, .resume = name};
        assert_code(EX_OK, try_attempt(&p, &again, &o, &r, &err));
        assert_as_if_never_cut(&p, &o, &r, &reference, &expected, data);
        assert_code(EX_NOT_FOUND, try_attempt(&p, &again, &o, &r, &err));
        free_both(&o, &r);
        free_both(&reference, &expected);
        close_place(&p);
        remove_tree(p.root);
    }
}

static void every_kind_of_content(void **state) {
    enum { SIZE = 4 * MIB + 1234 };
    struct random random = {41};
    uint8_t *data = mixed(40, SIZE);
    (void)state;
    cut_everywhere(data, SIZE);
    cut_everywhere(data, 4 * MIB); /* the last resume point is the end */
    cut_everywhere(data, MIB);
    memset(data, 0, SIZE); /* one run */
    cut_everywhere(data, SIZE);
    cut_everywhere(data, 3 * MIB);
    random_fill(&random, data, SIZE);
    cut_everywhere(data, SIZE);
    free(data);
}

/* Constants that end just before, at and behind a resume point, and that are just too short or long
 * enough to be a run there. */
static void constants_around_a_resume_point(void **state) {
    enum { SIZE = 2 * MIB + 300000 };
    static const int before[] = {1, 2, 15, 16, 17, 31}, behind[] = {0, 1, 14, 15, 16};
    (void)state;
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++)
        for (size_t k = 0; k < sizeof behind / sizeof behind[0]; k++) {
            struct random random = {50 + i * 10 + k};
            uint8_t *data = ex_new0_bytes(SIZE);
            random_fill(&random, data, SIZE);
            memset(data + MIB - before[i] * 4096, (int)(7 * k),
                   (size_t)(before[i] + behind[k]) * 4096);
            cut_everywhere(data, SIZE);
            free(data);
        }
}

/* A chunk that is open at the resume point, as long as one can be. */
static void a_long_open_chunk(void **state) {
    enum { SIZE = 2 * MIB + 100 };
    struct random random = {61};
    uint8_t *data = ex_new0_bytes(SIZE), hash[32];
    (void)state;
    random_fill(&random, data, SIZE);
    for (size_t i = 0; i < SIZE / 4096; i++)
        for (naive_sha256(data + i * 4096, 4096, hash); (hash[0] & 15) == 0;
             naive_sha256(data + i * 4096, 4096, hash))
            random_fill(&random, data + i * 4096, 4096);
    /* The chunks end after each 512 KiB; 508 KiB are open if the first one ends after one block. */
    memset(data + 4096 - 16, 0, 16);
    cut_everywhere(data, SIZE);
    free(data);
}

/* Resumed, cut off again, at each point; and at points that come seldom. */
static void again_and_again(void **state) {
    struct place *p = *state;
    struct ex_error err;
    enum { SIZE = 7 * MIB + 99999 };
    uint8_t *data = mixed(70, SIZE);
    struct vault_object_info reference, o;
    struct vault_put_report expected, r;
    char name[40];
    write_file(p->source, data, SIZE);
    put_reference(p, NULL, &reference, &expected);
    const struct attempt first = {.every = 2 * MIB, .cut_at = 2 * MIB, .key = KEY};
    assert_code(EX_INTERRUPTED, try_attempt(p, &first, &o, &r, &err));
    for (uint64_t at = 4 * MIB; at < SIZE; at += 2 * MIB) {
        reopen_place(p);
        assert_true(only_work(p->v, name, NULL));
        const struct attempt next = {.every = 2 * MIB, .cut_at = at, .resume = name};
        assert_code(EX_INTERRUPTED, try_attempt(p, &next, &o, &r, &err));
    }
    const struct attempt last = {.resume = name};
    assert_code(EX_OK, try_attempt(p, &last, &o, &r, &err));
    assert_true(r.pack_count > 3);
    assert_as_if_never_cut(p, &o, &r, &reference, &expected, data);
    free_both(&o, &r);
    free_both(&reference, &expected);
    free(data);
}

/* Cut off between resume points, without waiting for any: it goes on from whichever is there. */
static void at_any_time(void **state) {
    struct place *p = *state;
    struct ex_error err;
    enum { SIZE = 9 * MIB + 5 };
    uint8_t *data = mixed(71, SIZE);
    struct vault_object_info reference, o;
    struct vault_put_report expected, r;
    char name[40];
    write_file(p->source, data, SIZE);
    put_reference(p, NULL, &reference, &expected);
    for (uint64_t at = MIB; at < SIZE; at += MIB) {
        const struct attempt first = {.every = 2 * MIB, .cut_at = at, .no_wait = true, .key = KEY};
        assert_code(EX_INTERRUPTED, try_attempt(p, &first, &o, &r, &err));
        if (!only_work(p->v, name, NULL))
            continue; /* there was no resume point yet: all was tidied up */
        const struct attempt again = {.every = MIB, .resume = name};
        assert_code(EX_OK, try_attempt(p, &again, &o, &r, &err));
        assert_as_if_never_cut(p, &o, &r, &reference, &expected, data);
        free_both(&o, &r);
    }
    free_both(&reference, &expected);
    free(data);
}

/* What comes before the open chunk is looked at in places, one in each part: what replaces a whole
 * part is always noticed. */
static void what_came_before_is_sampled(void **state) {
    struct place *p = *state;
    struct ex_error err;
    enum { SIZE = 5 * MIB, CUT = 3 * MIB, STEP = (CUT - POINT_REREAD_BYTES_MAX) / 8 };
    uint8_t *data = mixed(72, SIZE), *other = ex_new0_bytes(SIZE);
    struct vault_object_info reference, o;
    struct vault_put_report expected, r;
    char name[40];
    write_file(p->source, data, SIZE);
    put_reference(p, NULL, &reference, &expected);
    assert_int_equal(expected.sampled.before_bytes, 0);
    const struct attempt first = {.every = MIB, .cut_at = CUT, .key = KEY};
    assert_code(EX_INTERRUPTED, try_attempt(p, &first, &o, &r, &err));
    assert_true(only_work(p->v, name, NULL));
    const struct attempt again = {.every = MIB, .resume = name};
    for (size_t at = 0; at + 2 * (CUT / 8) <= CUT - POINT_REREAD_BYTES_MAX; at += STEP) {
        struct random random = {at + 1};
        memcpy(other, data, SIZE);
        random_fill(&random, other + at, 2 * (CUT / 8)); /* at least one part lies in it */
        write_file(p->source, other, SIZE);
        assert_code(EX_SOURCE, try_attempt(p, &again, &o, &r, &err));
        assert_non_null(strstr(err.text, "gave before"));
    }
    write_file(p->source, data, SIZE);
    assert_code(EX_OK, try_attempt(p, &again, &o, &r, &err));
    assert_as_if_never_cut(p, &o, &r, &reference, &expected, data);
    assert_int_equal(r.sampled.before_bytes, CUT);
    assert_int_equal(r.sampled.places, 8);
    assert_in_range(r.sampled.bytes, 8 * 4096, CUT);
    assert_int_equal(r.sampled.unread_places, 0);
    free_both(&o, &r);
    free_both(&reference, &expected);
    free(data);
    free(other);
}

/* Another content of the open chunk, or a source that ends too early, is noticed; the work stays.
 */
static void a_source_that_answers_differently(void **state) {
    struct place *p = *state;
    struct ex_error err;
    enum { SIZE = 2 * MIB + 77 };
    uint8_t *data = ex_new0_bytes(SIZE);
    struct random random = {73};
    struct vault_object_info reference, o;
    struct vault_put_report expected, r;
    char name[40];
    random_fill(&random, data, SIZE);
    memset(data + MIB - 3 * 4096, 0, 3 * 4096); /* constants that are no run yet */
    write_file(p->source, data, SIZE);
    put_reference(p, NULL, &reference, &expected);
    const struct attempt first = {.every = MIB, .cut_at = MIB, .key = KEY};
    assert_code(EX_INTERRUPTED, try_attempt(p, &first, &o, &r, &err));
    assert_true(only_work(p->v, name, NULL));
    const struct attempt again = {.every = MIB, .resume = name};
    for (size_t at = MIB - 1; at > MIB - 5 * 4096; at -= 4096) {
        spoil(p->source, at, 4);
        ex_code code = try_attempt(p, &again, &o, &r, &err);
        spoil(p->source, at, 4);
        if (code == EX_OK)
            fail_msg("the byte at %zu was not compared", at);
        assert_int_equal(code, EX_SOURCE);
        assert_non_null(strstr(err.text, "gave before"));
    }
    assert_int_equal(truncate(p->source, MIB - 1), 0);
    assert_code(EX_SOURCE, try_attempt(p, &again, &o, &r, &err));
    write_file(p->source, data, SIZE);
    assert_code(EX_OK, try_attempt(p, &again, &o, &r, &err));
    assert_as_if_never_cut(p, &o, &r, &reference, &expected, data);
    free_both(&o, &r);
    free_both(&reference, &expected);
    free(data);
}

/* What could not be read before the interruption is in the map as well, also across the border. */
static void unreadable_ranges_are_kept(void **state) {
    struct place *p = *state;
    struct ex_error err;
    enum { SIZE = 4 * MIB };
    static const struct source_range bad[] = {{4096, 512, 0},
                                              {MIB - 700, 1400, 0},
                                              {MIB - 512, 512, 0},
                                              {3 * MIB, 100, 0},
                                              {MIB / 2, 2 * MIB, 0}};
    uint8_t *data = ex_new0_bytes(SIZE), *expected_bytes = ex_new0_bytes(SIZE);
    struct random random = {74};
    random_fill(&random, data, SIZE);
    write_file(p->source, data, SIZE);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct vault_object_info reference, o;
        struct vault_put_report expected, r;
        char name[40];
        uint64_t from = bad[i].offset / 512 * 512,
                 to = (bad[i].offset + bad[i].length + 511) / 512 * 512;
        memcpy(expected_bytes, data, SIZE);
        memset(expected_bytes + from, 0, to - from);
        put_reference(p, &bad[i], &reference, &expected);
        const struct attempt first = {.every = MIB, .cut_at = MIB, .key = KEY, .bad = &bad[i]};
        assert_code(EX_INTERRUPTED, try_attempt(p, &first, &o, &r, &err));
        assert_true(only_work(p->v, name, NULL));
        const struct attempt again = {.every = MIB, .resume = name, .bad = &bad[i]};
        assert_code(EX_OK, try_attempt(p, &again, &o, &r, &err));
        assert_int_equal(o.unreadable_count, 1);
        assert_int_equal(o.unreadable[0].offset, from);
        assert_int_equal(o.unreadable[0].length, to - from);
        assert_as_if_never_cut(p, &o, &r, &reference, &expected, expected_bytes);
        free_both(&o, &r);
        free_both(&reference, &expected);
    }
    free(data);
    free(expected_bytes);
}

/* ---- work and its directory ---- */

static void work_is_locked_named_and_removed(void **state) {
    struct place *p = *state;
    struct ex_error err;
    enum { SIZE = 3 * MIB };
    uint8_t *data = mixed(75, SIZE);
    struct vault_object_info o;
    struct vault_put_report r;
    struct vault_work *one = NULL, *two = NULL;
    struct vault_check_report *c = ex_new0(struct vault_check_report);
    char name[40];
    uint64_t offset;
    write_file(p->source, data, SIZE);
    const struct attempt first = {.every = MIB, .cut_at = 2 * MIB};
    assert_code(EX_INTERRUPTED, try_attempt(p, &first, &o, &r, &err));
    assert_true(only_work(p->v, name, NULL));
    check_vault(p->v, true, c);
    assert_int_equal(c->problem_count, 0);
    assert_int_equal(c->unfinished_count, 1);
    assert_code(EX_OK, vault_work_open(p->v, name, &one, &err));
    assert_code(EX_BUSY, vault_work_open(p->v, name, &two, &err));
    assert_string_equal(vault_work_name(one), name);
    assert_string_equal(vault_work_what(one), "{\"test\": 2}");
    assert_code(EX_OK, vault_work_offset(one, &offset, &err));
    assert_int_equal(offset, 2 * MIB);
    assert_code(EX_OK, vault_work_remove(one, &err));
    assert_code(EX_NOT_FOUND, vault_work_open(p->v, name, &one, &err));
    static const char *const wrong[] = {"",   ".",     "..", "../packs", "0123456789abcdeg",
                                        "ab", "lock/", "/"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_code(EX_NOT_FOUND, vault_work_open(p->v, wrong[i], &one, &err));
    assert_no_problems(p->v);
    put_bytes(p, data, SIZE, &o, &r); /* what was published is shared */
    assert_true(r.reused_bytes > 0);
    free_both(&o, &r);
    free(c);
    free(data);
}

/* The caller decides when the work is over: until the object is recorded it can be gone on with. */
static void work_outlives_the_put(void **state) {
    struct place *p = *state;
    struct ex_error err;
    enum { SIZE = 3 * MIB };
    uint8_t *data = mixed(76, SIZE);
    struct vault_object_info o, again;
    struct vault_put_report r, report;
    struct vault_work *work = NULL;
    struct source *s = NULL;
    char name[40];
    write_file(p->source, data, SIZE);
    const struct vault_put_options options = {.ret_work = &work, .resume_every_bytes = MIB};
    assert_code(EX_OK, source_open(p->source, &s, &err));
    assert_code(EX_OK, vault_put(p->v, s, &options, NULL, &o, &r, &err));
    source_close(s);
    assert_true(only_work(p->v, name, NULL));
    vault_work_close(work);
    const struct attempt resume = {.resume = name};
    assert_code(EX_OK, try_attempt(p, &resume, &again, &report, &err));
    assert_same_object(&o, &again);
    assert_no_problems(p->v);
    free_both(&o, &r);
    free_both(&again, &report);
    free(data);
}

/* A pack that the work wrote and that is gone: it is not resumed into a hole. */
static void a_lost_pack_ends_it(void **state) {
    struct place *p = *state;
    struct ex_error err;
    enum { SIZE = 3 * MIB };
    uint8_t *data = mixed(77, SIZE);
    struct vault_object_info o;
    struct vault_put_report r;
    struct journal_content content = {0};
    char name[40], path[120], pack[PACK_NAME_BYTES];
    write_file(p->source, data, SIZE);
    const struct attempt first = {.every = MIB, .cut_at = 2 * MIB};
    assert_code(EX_INTERRUPTED, try_attempt(p, &first, &o, &r, &err));
    assert_true(only_work(p->v, name, NULL));
    (void)snprintf(path, sizeof path, "work/%s", name);
    EX_AUTO_FD int fd = -1;
    assert_code(EX_OK, ex_open_at(p->v->dir_fd, path, O_RDONLY | O_DIRECTORY, &fd, &err));
    assert_code(EX_OK, journal_read(p->v, fd, &content, &err));
    assert_true(content.pack_count > 0);
    assert_int_equal(unlinkat(p->v->packs_fd, pack_name(pack, content.pack[0].id), 0), 0);
    journal_content_clear(&content);
    const struct attempt again = {.resume = name};
    assert_code(EX_MISSING, try_attempt(p, &again, &o, &r, &err));
    assert_true(only_work(p->v, name, NULL));
    free(data);
}

/* ---- killed ---- */

static pid_t start_child(struct place *p, const struct attempt *a) {
    pid_t child = fork();
    if (child == 0) {
        struct vault *v = NULL;
        struct vault_object_info o;
        struct vault_put_report r;
        struct place own = *p;
        if (open_test_vault(p->vault, &v, NULL) != EX_OK)
            _exit(1);
        own.v = v;
        _exit(try_attempt(&own, a, &o, &r, NULL) == EX_OK ? 0 : 2);
    }
    return child;
}

/* As soon as there is a resume point at `offset` (or the child is at its end), and a little later.
 */
static void kill_at(struct place *p, pid_t child, uint64_t offset, long later_ms) {
    EX_AUTO_FREE struct vault_unfinished *u = ex_new0(struct vault_unfinished);
    char name[40];
    for (int i = 0; i < 5000 && waitpid(child, NULL, WNOHANG) == 0; i++) {
        if (offset == 0 || (only_work(p->v, name, u) && u->offset >= offset)) {
            pause_ms(later_ms);
            (void)kill(child, SIGKILL);
            assert_int_equal(waitpid(child, NULL, 0), child);
            return;
        }
        pause_ms(1);
    }
}

/* kill -9 at any moment, also while a resumed put runs, until one comes to its end. */
static void killed_again_and_again(void **state) {
    struct place *p = *state;
    struct ex_error err;
    enum { SIZE = 12 * MIB + 4321, ROUNDS = 12 };
    uint8_t *data = ex_new0_bytes(SIZE);
    struct random random = {80};
    struct vault_check_report *check = ex_new0(struct vault_check_report);
    unsigned resumed = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct vault_object_info reference, o;
        struct vault_put_report expected, r;
        char name[40];
        random_fill(&random, data, SIZE);
        write_file(p->source, data, SIZE);
        put_reference(p, NULL, &reference, &expected);
        const struct attempt first = {.every = MIB, .key = KEY};
        pid_t child = start_child(p, &first);
        for (unsigned kills = 0; kills < 4; kills++) {
            kill_at(p, child, (kills * 3 + random_next(&random) % 4) * MIB,
                    (long)(random_next(&random) % 8));
            reopen_place(p);
            EX_AUTO_FREE struct vault_unfinished *u = ex_new0(struct vault_unfinished);
            if (!only_work(p->v, name, u) || !u->resumable)
                break;
            const struct attempt again = {.every = MIB, .resume = name};
            child = start_child(p, &again);
            resumed++;
        }
        kill_at(p, child, 0, 0);
        reopen_place(p);
        EX_AUTO_FREE struct vault_unfinished *u = ex_new0(struct vault_unfinished);
        if (only_work(p->v, name, u)) {
            const struct attempt last = {.every = MIB, .resume = name};
            if (u->resumable) {
                assert_code(EX_OK, try_attempt(p, &last, &o, &r, &err));
                assert_as_if_never_cut(p, &o, &r, &reference, &expected, data);
                free_both(&o, &r);
            } else {
                struct vault_work *work;
                assert_code(EX_OK, vault_work_open(p->v, name, &work, &err));
                assert_code(EX_OK, vault_work_remove(work, &err));
            }
        }
        check_vault(p->v, true, check);
        assert_int_equal(check->problem_count + check->unfinished_count, 0);
        free_both(&reference, &expected);
    }
    free(check);
    if (resumed < ROUNDS / 4)
        fail_msg("only %u were resumed: the moments are chosen badly", resumed);
    free(data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_content),
        cmocka_unit_test(constants_around_a_resume_point),
        cmocka_unit_test(a_long_open_chunk),
        place_test(again_and_again),
        place_test(at_any_time),
        place_test(what_came_before_is_sampled),
        place_test(a_source_that_answers_differently),
        place_test(unreadable_ranges_are_kept),
        place_test(work_is_locked_named_and_removed),
        place_test(work_outlives_the_put),
        place_test(a_lost_pack_ends_it),
        place_test(killed_again_and_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
