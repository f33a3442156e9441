/* SPDX-License-Identifier: Apache-2.0 */
/* Rules, and a content that they scan, as a worker would: le16 size of the first file of rules,
 * le16 of the second, both files, the content. */
#include "base/bytes.h"
#include "base/cursor.h"
#include "examiner_harness.h"
#include "parsers/rules/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void scan(struct parser_run *run, const char *sizes) {
    struct ex_error why = {0};
    void *state = NULL;
    ex_code code = rules_parser.examine(run, sizes, &state, &why);
    if (code == EX_OK) {
        run->first = run->traces;
        code = rules_parser.work(run, state, "1 content", 9, &why);
    }
    if (code == EX_INTERNAL)
        harness_breach(why.text);
    rules_parser.close(state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct ex_cursor c = ex_cursor_make(data, size);
    size_t first = ex_cursor_le16(&c), second = ex_cursor_le16(&c);
    size_t left = ex_cursor_left(&c);
    char sizes[32];
    if (c.overrun || first > left || second > left - first)
        return 0;
    struct parser_run run = {.input = data + 4,
                             .size = first + second,
                             .named = data + 4 + first + second,
                             .named_bytes = left - first - second,
                             .traces_max = 20000};
    (void)snprintf(sizes, sizeof sizes, "%zu,%zu", first, second);
    scan(&run, sizes);
    harness_clear(&run);
    return 0;
}
