/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and cosignatures: those of other programs (tests/vectors/cosign), those of the Tessera
 * log, and what is refused. */
#include "testing.h"

#include "base/cursor.h"
#include "base/mem.h"
#include "crypto/cosign.h"

#define TESSERA_VKEY                                                                               \
    "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"

static struct note_key key_of(const char *vkey) {
    struct ex_error err;
    struct note_key key;
    assert_code(EX_OK, note_key_parse(vkey, &key, &err));
    return key;
}

/* Line n (from 0) of a file of vkeys. */
static struct note_key key_in(const char *name, unsigned n) {
    size_t size;
    EX_AUTO_FREE uint8_t *file = load_vector(name, &size);
    struct ex_cursor c = ex_cursor_make(file, size);
    char vkey[NOTE_VKEY_MAX] = "";
    const char *line;
    size_t bytes;
    do {
        line = ex_cursor_line(&c, &bytes);
    } while (n-- > 0);
    assert_true(line != NULL && bytes < sizeof vkey);
    memcpy(vkey, line, bytes);
    return key_of(vkey);
}

static struct sign_key *secret_of(uint8_t first) {
    struct ex_error err;
    struct sign_key *key;
    uint8_t seed[SIGN_SEED_BYTES] = {first};
    assert_code(EX_OK, sign_key_from_seed(seed, &key, &err));
    return key;
}

/* ---- cosignatures ---- */

static void a_cosignature_of_sigsum(void **state) {
    struct ex_error err;
    struct note_key keys[2] = {key_in("cosign/sigsum.vkeys", 0), key_in("cosign/sigsum.vkeys", 1)};
    struct note_verified verified[2];
    struct checkpoint c;
    size_t size, text_bytes, count;
    EX_AUTO_FREE uint8_t *note = load_vector("cosign/sigsum.note", &size);
    assert_code(EX_OK,
                note_open((char *)note, size, keys, 2, &text_bytes, verified, 2, &count, &err));
    assert_int_equal(count, 2);
    assert_ptr_equal(verified[0].key, &keys[0]);
    assert_int_equal(verified[0].cosign_time, 0);
    assert_ptr_equal(verified[1].key, &keys[1]);
    assert_int_equal(verified[1].cosign_time, 1683202758);
    assert_code(EX_OK, checkpoint_parse((char *)note, text_bytes, &c, &err));
    assert_int_equal(c.size, 4);
    assert_int_equal(note_split((char *)note, size), text_bytes);
    /* Every byte of the text is under both. */
    for (size_t i = 0; i + 1 < text_bytes; i++) {
        note[i] ^= 1;
        assert_int_not_equal(
            note_open((char *)note, size, &keys[1], 1, &text_bytes, verified, 2, &count, &err),
            EX_OK);
        note[i] ^= 1;
    }
}

static void a_cosignature_of_ours(void **state) {
    static const char text[] = "example.com/log\n3\nRcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=\n";
    struct ex_error err;
    EX_AUTO(sign_key_free) struct sign_key *secret = secret_of(7);
    struct note_key key, log;
    struct note_verified verified[1];
    size_t text_bytes, count, known;
    char note[1024];
    EX_AUTO_FREE char *line = NULL;
    EX_AUTO_FREE char *again = NULL;
    EX_AUTO_FREE char *other = NULL;
    assert_code(EX_OK,
                note_key_make("court", NOTE_TYPE_COSIGNATURE, sign_key_public(secret), &key, &err));
    assert_code(EX_OK,
                note_key_make("court", NOTE_TYPE_ED25519, sign_key_public(secret), &log, &err));
    assert_code(EX_OK, note_cosign(text, strlen(text), &key, secret, 1700000000, &line, &err));
    assert_code(EX_OK, note_cosign(text, strlen(text), &key, secret, 1700000000, &again, &err));
    assert_code(EX_OK, note_cosign(text, strlen(text), &key, secret, INT64_MAX, &other, &err));
    assert_string_equal(line, again);
    assert_string_not_equal(line, other);
    (void)snprintf(note, sizeof note, "%s\n%s", text, line);
    assert_code(EX_OK,
                note_open(note, strlen(note), &key, 1, &text_bytes, verified, 1, &count, &err));
    assert_int_equal(verified[0].cosign_time, 1700000000);
    /* The same key as that of a log is another key, and its message another message. */
    assert_code(EX_SIGNATURE,
                note_open(note, strlen(note), &log, 1, &text_bytes, verified, 1, &count, &err));
    assert_code(EX_OK, note_count_known(line, strlen(line), &key, 1, &known, &err));
    assert_int_equal(known, 1);
    assert_code(EX_OK, note_count_known(line, strlen(line), &log, 1, &known, &err));
    assert_int_equal(known, 0);
    /* Another time is another message. */
    char *digit = strchr(note, '\xE2') + strlen("— court ") + 12;
    *digit = *digit == 'A' ? 'B' : 'A';
    assert_code(EX_SIGNATURE,
                note_open(note, strlen(note), &key, 1, &text_bytes, verified, 1, &count, &err));
}

static void what_cannot_be_cosigned(void **state) {
    static const char text[] = "a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    struct ex_error err;
    EX_AUTO(sign_key_free) struct sign_key *secret = secret_of(7);
    EX_AUTO(sign_key_free) struct sign_key *stranger = secret_of(8);
    struct note_key key, log;
    char *line = NULL;
    assert_code(EX_OK,
                note_key_make("court", NOTE_TYPE_COSIGNATURE, sign_key_public(secret), &key, &err));
    assert_code(EX_OK,
                note_key_make("court", NOTE_TYPE_ED25519, sign_key_public(secret), &log, &err));
    assert_code(EX_USAGE, note_cosign(text, strlen(text), &log, secret, 1, &line, &err));
    assert_code(EX_USAGE, note_cosign(text, strlen(text), &key, stranger, 1, &line, &err));
    assert_code(EX_FORMAT, note_cosign(text, strlen(text), &key, secret, 0, &line, &err));
    assert_code(EX_FORMAT,
                note_cosign(text, strlen(text), &key, secret, (uint64_t)1 << 63, &line, &err));
    assert_code(EX_FORMAT, note_cosign(text, strlen(text) - 1, &key, secret, 1, &line, &err));
    assert_code(EX_FORMAT, note_cosign("", 0, &key, secret, 1, &line, &err));
}

/* docs/decisions/0003: a key of small order fits many messages, and is no key. */
static void a_doubtful_key_cosigns_nothing(void **state) {
    static const char text[] = "a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    struct ex_error err;
    uint8_t public_key[SIGN_PUBLIC_BYTES] = {1}; /* the neutral element: R = it, S = 0 verifies */
    uint8_t payload[76] = {0};
    struct note_key key;
    struct note_verified verified[1];
    size_t text_bytes, count;
    char base64[128], note[512];
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    assert_code(EX_OK, note_key_make("x", NOTE_TYPE_COSIGNATURE, public_key, &key, &err));
    memcpy(payload, key.id, 4);
    payload[11] = 9; /* time */
    payload[12] = 1; /* R */
    size_t n = 0;
    for (size_t i = 0; i < 75; i += 3) {
        uint32_t v = (uint32_t)payload[i] << 16 | (uint32_t)payload[i + 1] << 8 | payload[i + 2];
        for (int shift = 18; shift >= 0; shift -= 6)
            base64[n++] = digits[v >> shift & 63];
    }
    base64[n++] = digits[payload[75] >> 2];
    base64[n++] = digits[(payload[75] & 3) << 4];
    memcpy(base64 + n, "==", 3);
    (void)snprintf(note, sizeof note, "%s\n— x %s\n", text, base64);
    assert_code(EX_SIGNATURE,
                note_open(note, strlen(note), &key, 1, &text_bytes, verified, 1, &count, &err));
    assert_non_null(strstr(err.text, "is wrong"));
}

/* ---- requests ---- */

static void the_examples_of_the_specification(void **state) {
    struct ex_error err;
    struct cosign_request r;
    struct note_key key = key_of(TESSERA_VKEY);
    size_t size, known;
    EX_AUTO_FREE uint8_t *request = load_vector("cosign/c2sp-example.request", &size);
    EX_AUTO_FREE uint8_t *note = NULL;
    assert_code(EX_OK, cosign_request_parse(request, size, &r, &err));
    assert_int_equal(r.old_size, 20852014);
    assert_int_equal(r.proof.count, 4);
    assert_int_equal(r.head.size, 20852163);
    assert_string_equal(r.head.origin, "example.com/behind-the-sofa");
    note = load_vector("cosign/c2sp-example.note", &size);
    size_t text_bytes = note_split((char *)note, size);
    assert_code(EX_OK, note_count_known((char *)note + text_bytes + 1, size - text_bytes - 1, &key,
                                        1, &known, &err));
    assert_int_equal(known, 0);
}

/* The nine requests of litewitness' own test, in their order. */
static void the_requests_of_another_witness(void **state) {
    static const struct {
        const char *name;
        bool is_signed;
        enum cosign_answer answer;
    } step[] = {
        {"cosign/litewitness-1-200.request", true, COSIGN_YES},
        {"cosign/litewitness-2-403.request", false, COSIGN_YES},
        {"cosign/litewitness-3-403.request", false, COSIGN_YES}, /* an unknown log */
        {"cosign/litewitness-4-422.request", true, COSIGN_BAD_PROOF},
        {"cosign/litewitness-5-422.request", true, COSIGN_BAD_PROOF},
        {"cosign/litewitness-6-200.request", true, COSIGN_YES},
        {"cosign/litewitness-7-409.request", true, COSIGN_OLD_OTHER},
        {"cosign/litewitness-8-200.request", true, COSIGN_YES},
        {"cosign/litewitness-9-409.request", true, COSIGN_AGAIN},
    };
    struct note_key key = key_in("cosign/litewitness.vkey", 0);
    struct checkpoint last;
    bool has_last = false;
    for (size_t i = 0; i < sizeof step / sizeof step[0]; i++) {
        struct ex_error err;
        struct cosign_request r;
        struct note_verified verified[1];
        size_t size, text_bytes, count;
        EX_AUTO_FREE uint8_t *request = load_vector(step[i].name, &size);
        assert_code(EX_OK, cosign_request_parse(request, size, &r, &err));
        ex_code code =
            note_open(r.note, r.note_bytes, &key, 1, &text_bytes, verified, 1, &count, &err);
        assert_int_equal(code == EX_OK, step[i].is_signed);
        if (!step[i].is_signed)
            continue;
        assert_int_equal(text_bytes, r.text_bytes);
        enum cosign_answer answer = cosign_judge(&r, has_last ? &last : NULL);
        if (answer != step[i].answer)
            fail_msg("%s gives %d", step[i].name, (int)answer);
        if (answer == COSIGN_YES) {
            last = r.head;
            has_last = true;
        }
    }
    assert_int_equal(last.size, 5);
}

static void what_is_no_request(void **state) {
    struct ex_error err;
    struct cosign_request r;
    size_t size;
    EX_AUTO_FREE uint8_t *good = load_vector("cosign/litewitness-8-200.request", &size);
    assert_code(EX_OK, cosign_request_parse(good, size, &r, &err));
    for (size_t i = 0; i < r.text_bytes + (size_t)((const uint8_t *)r.note - good); i++)
        assert_code(EX_FORMAT, cosign_request_parse(good, i, &r, &err));
    static const char *const bad[] = {"",
                                      "old\n\n",
                                      "old 1",
                                      "old 01\n\n",
                                      "old -1\n\n",
                                      "old 18446744073709551616\n\n",
                                      "old  1\n\n",
                                      "Old 1\n\n",
                                      "old 1\n\n",
                                      "old 1\nAAAA\n\n",
                                      "old 1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n\n",
                                      "old 1\n\na\n1\n",
                                      "old 1\n\na\nx\n\n— a AAAAAAA=\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_code(EX_FORMAT, cosign_request_parse(bad[i], strlen(bad[i]), &r, &err));
}

static void no_more_than_63_hashes(void **state) {
    static const char hash[] = "KgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    static const char note[] =
        "\na\n9\nKgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— a AAAAAAA=\n";
    struct ex_error err;
    struct cosign_request r;
    for (unsigned n = 62; n <= 64; n++) {
        char text[5000] = "old 1\n";
        for (unsigned i = 0; i < n; i++)
            strcat(text, hash);
        strcat(text, note);
        assert_code(n <= COSIGN_PROOF_MAX ? EX_OK : EX_FORMAT,
                    cosign_request_parse(text, strlen(text), &r, &err));
    }
}

/* ---- the decision, on a log of another program ---- */

enum { LOG_SIZE = 15 };

struct tessera {
    struct checkpoint head[LOG_SIZE + 1];
    uint8_t leaf[LOG_SIZE][MERKLE_BYTES];
};

static void load_tessera(struct tessera *t) {
    struct ex_error err;
    struct note_key key = key_of(TESSERA_VKEY);
    size_t size;
    for (unsigned i = 0; i <= LOG_SIZE; i++) {
        char name[64];
        struct note_verified verified[1];
        size_t text_bytes, count;
        (void)snprintf(name, sizeof name, "tessera-log/checkpoint.%u", i);
        EX_AUTO_FREE uint8_t *note = load_vector(name, &size);
        assert_code(EX_OK,
                    note_open((char *)note, size, &key, 1, &text_bytes, verified, 1, &count, &err));
        assert_code(EX_OK, checkpoint_parse((char *)note, text_bytes, &t->head[i], &err));
    }
    EX_AUTO_FREE uint8_t *tile = load_vector("tessera-log/tile/0/000.p/15", &size);
    assert_int_equal(size, sizeof t->leaf);
    memcpy(t->leaf, tile, size);
}

static ex_code leaf_source(void *context, unsigned level, uint64_t index,
                           uint8_t ret[static MERKLE_BYTES], struct ex_error *err) {
    const struct tessera *t = context;
    struct merkle_frontier f;
    merkle_frontier_start(&f);
    for (uint64_t i = index << level; i < (index + 1) << level; i++)
        merkle_frontier_add(&f, t->leaf[i]);
    merkle_frontier_root(&f, ret);
    return EX_OK;
}

static void make_request(struct tessera *t, unsigned a, unsigned b, struct cosign_request *ret) {
    struct ex_error err;
    struct merkle_source source = {leaf_source, t};
    *ret = (struct cosign_request){.old_size = a, .head = t->head[b]};
    if (a > 0 && a < b)
        assert_code(EX_OK, merkle_consistency_prove(&source, a, b, &ret->proof, &err));
}

static void every_step_of_a_foreign_log(void **state) {
    struct tessera t;
    struct cosign_request r;
    load_tessera(&t);
    for (unsigned last = 0; last <= LOG_SIZE; last++) {
        for (unsigned to = 0; to <= LOG_SIZE; to++) {
            unsigned from = last < to ? last : to;
            make_request(&t, from, to, &r);
            enum cosign_answer expected = to < last    ? COSIGN_ROLLED_BACK
                                          : to == last ? COSIGN_AGAIN
                                                       : COSIGN_YES;
            assert_int_equal(cosign_judge(&r, &t.head[last]), expected);
            if (expected == COSIGN_YES && last > 0) {
                r.head.root[5] ^= 1; /* a fork that went on */
                assert_int_equal(cosign_judge(&r, &t.head[last]), COSIGN_BAD_PROOF);
            }
        }
    }
    make_request(&t, 0, 9, &r);
    assert_int_equal(cosign_judge(&r, NULL), COSIGN_YES);
    make_request(&t, 4, 9, &r);
    assert_int_equal(cosign_judge(&r, NULL), COSIGN_OLD_OTHER);
}

static void what_is_refused(void **state) {
    struct tessera t;
    struct cosign_request r;
    load_tessera(&t);
    make_request(&t, 9, 9, &r);
    r.head.root[31] ^= 0x80;
    assert_int_equal(cosign_judge(&r, &t.head[9]), COSIGN_FORK);
    make_request(&t, 3, 12, &r);
    assert_int_equal(cosign_judge(&r, &t.head[9]), COSIGN_OLD_OTHER);
    make_request(&t, 9, 12, &r);
    assert_int_equal(cosign_judge(&r, &t.head[9]), COSIGN_YES);
    r.proof.count--;
    assert_int_equal(cosign_judge(&r, &t.head[9]), COSIGN_BAD_PROOF);
    r.proof.count += 2;
    assert_int_equal(cosign_judge(&r, &t.head[9]), COSIGN_BAD_PROOF);
    make_request(&t, 0, 12, &r);
    r.proof.count = 1;
    assert_int_equal(cosign_judge(&r, NULL), COSIGN_BAD_PROOF);
    make_request(&t, 0, 0, &r);
    assert_int_equal(cosign_judge(&r, NULL), COSIGN_YES);
    r.head.root[0] ^= 1;
    assert_int_equal(cosign_judge(&r, NULL), COSIGN_NOT_EMPTY);
    make_request(&t, 12, 12, &r);
    r.old_size = 13;
    assert_int_equal(cosign_judge(&r, &t.head[12]), COSIGN_OLD_TOO_BIG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cosignature_of_sigsum),
        cmocka_unit_test(a_cosignature_of_ours),
        cmocka_unit_test(what_cannot_be_cosigned),
        cmocka_unit_test(a_doubtful_key_cosigns_nothing),
        cmocka_unit_test(the_examples_of_the_specification),
        cmocka_unit_test(the_requests_of_another_witness),
        cmocka_unit_test(what_is_no_request),
        cmocka_unit_test(no_more_than_63_hashes),
        cmocka_unit_test(every_step_of_a_foreign_log),
        cmocka_unit_test(what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
