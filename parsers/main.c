/* SPDX-License-Identifier: Apache-2.0 */
/* exhibit-parser: the worker program. Started by exhibit, never by a person. */
#include "parsers/aff4/aff4.h"
#include "parsers/api.h"
#include "parsers/ewf/ewf.h"
#include "parsers/qcow2/qcow2.h"
#include "parsers/split/split.h"
#include "parsers/vhd/vhd.h"
#include "parsers/vhdx/vhdx.h"
#include "parsers/vmdk/vmdk.h"

static const struct parser *const PARSERS[] = {&aff4_parser,  &ewf_parser, &qcow2_parser,
                                               &split_parser, &vhd_parser, &vhdx_parser,
                                               &vmdk_parser,  NULL};

int main(int argc, char **argv) {
    parser_serve(PARSERS, argc, argv);
}
