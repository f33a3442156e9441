# SPDX-License-Identifier: Apache-2.0
# Help: the overview, one command, a noun, the matrix; before everything else on the line.
t exhibit help
t exhibit help collect
t exhibit help item
t exhibit item show --bogus --help
t exhibit help --matrix
t exhibit help colect
s 'exhibit help ledger prove --json'
s 'exhibit help --json | grep -o "\"words\":\"[^\"]*\""'
