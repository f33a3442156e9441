/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/match.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { WORD_MAX = 63 };

static unsigned least(unsigned a, unsigned b) {
    return a < b ? a : b;
}

/* Optimal string alignment over three rows of the usual table. */
unsigned cli_distance(const char *a, const char *b) {
    size_t a_size = strlen(a);
    size_t b_size = strlen(b);
    if (a_size > WORD_MAX || b_size > WORD_MAX)
        return UINT_MAX;
    unsigned rows[3][WORD_MAX + 1] = {{0}};
    for (size_t j = 0; j <= b_size; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_size; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3];
        const unsigned *above2 = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_size; j++) {
            unsigned change = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + change);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], above2[j - 2] + 1);
        }
    }
    return rows[a_size % 3][b_size];
}

/* A third of the letters may be wrong, two at least when there are enough to go by. */
static bool is_near(unsigned distance, const char *word) {
    size_t size = strlen(word);
    return distance <= (size <= 3 ? 1 : size <= 8 ? 2 : size / 3);
}

const struct flag *cli_nearest_flag(const char *name) {
    const struct flag *best = NULL;
    unsigned best_distance = UINT_MAX;
    for (size_t i = 0; i < FLAG_COUNT; i++) {
        unsigned distance = cli_distance(name, flag_table[i].name);
        if (distance < best_distance && is_near(distance, flag_table[i].name)) {
            best = &flag_table[i];
            best_distance = distance;
        }
    }
    return best;
}

const struct command *cli_nearest_command(const char *const *words, unsigned count) {
    char both[2 * WORD_MAX + 2] = "";
    char swapped[2 * WORD_MAX + 2] = "";
    if (count > 1) {
        (void)snprintf(both, sizeof both, "%.63s %.63s", words[0], words[1]);
        (void)snprintf(swapped, sizeof swapped, "%.63s %.63s", words[1], words[0]);
    }
    const char *typed[] = {words[0], both, swapped};
    const struct command *best = NULL;
    unsigned best_distance = UINT_MAX;
    for (size_t i = 0; i < command_count; i++)
        for (size_t k = 0; k < sizeof typed / sizeof typed[0]; k++) {
            unsigned distance = cli_distance(typed[k], command_table[i].words);
            if (distance < best_distance && is_near(distance, command_table[i].words)) {
                best = &command_table[i];
                best_distance = distance;
            }
        }
    return best;
}
