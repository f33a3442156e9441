/* SPDX-License-Identifier: Apache-2.0 */
/* exhibit-examiner: the worker program that looks for traces. Beside exhibit-parser, for libtsk
 * brings many libraries with it. Started by exhibit, never by a person. */
#include "parsers/api.h"
#include "parsers/tsk/tsk.h"

static const struct parser *const PARSERS[] = {&volumes_parser, &files_parser, NULL};

int main(int argc, char **argv) {
    tsk_process_setup(); /* while it may still look for files */
    parser_serve(PARSERS, argc, argv);
}
