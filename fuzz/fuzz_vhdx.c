/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of an image stand megabytes apart, with nothing between them: an input is a list of
 * pieces, each with its place (16 bits, in pages of 4 KiB) and its length (16 bits) in front. */
#include "base/cursor.h"
#include "parser_harness.h"
#include "parsers/vhdx/vhdx.h"

enum { PLACE_BYTES = 4096, PLACES = 2560, PIECE_BYTES_MAX = 65536 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Copies the pieces, or takes them out again. Returns where the last one ends. */
static size_t place(uint8_t *image, const uint8_t *data, size_t size, bool out) {
    struct ex_cursor c = ex_cursor_make(data, size);
    size_t end = 0;
    while (ex_cursor_left(&c) > 4) {
        size_t at = (size_t)(ex_cursor_le16(&c) % PLACES) * PLACE_BYTES, n = ex_cursor_le16(&c);
        n = n < ex_cursor_left(&c) ? n : ex_cursor_left(&c);
        ex_cursor_copy(&c, image + at, n);
        if (out)
            memset(image + at, 0, n);
        end = at + n > end ? at + n : end;
    }
    return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t image[PLACES * PLACE_BYTES + PIECE_BYTES_MAX];
    struct parser_run run = {.inputs = 1, .input = {image}};
    run.size[0] = place(image, data, size, false);
    harness_run(&vhdx_parser, &run);
    (void)place(image, data, size, true);
    return 0;
}
