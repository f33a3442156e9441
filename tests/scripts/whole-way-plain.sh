#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The same in a plain vault: tests/scripts/whole-way-plain.sh EXHIBIT
exec "$(dirname "$0")/whole-way.sh" "$1" --plain
