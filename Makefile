# SPDX-License-Identifier: Apache-2.0
# Short names for what Meson and the scripts do; `make` alone lists them.

RELEASE = build/release
FUZZ = build/fuzz
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
ENTRIES ?= 20000000
DIR ?= /tmp
ROUNDS ?= 5000
# The programs that read what comes from outside.
WORKERS = $(addprefix parsers/exhibit-,parser examiner unpacker documents pictures mail system carver pdf pst rules)

.PHONY: help build demo test crash damage agree bench bench-clones bench-containers bench-examine bench-hashset bench-index fuzz format install clean

help:
	@echo 'make demo                 see it work: collect, verify, export a small disk image'
	@echo 'make demo SOURCE=path     the same with your own image (KEEP=1 keeps the vault)'
	@echo 'make test                 build and run every test'
	@echo 'make crash                crash at every operation of every scenario (KILLS=200, JOBS, KEEP=1)'
	@echo 'make damage               flip bits in, cut, swap, remove every kind of file of a vault (BITS=2000, JOBS)'
	@echo 'make agree                ROUNDS ($(ROUNDS)) changes of vaults and packages: do exhibit and exhibit-verify agree?'
	@echo
	@echo 'make build                $(RELEASE)/src/cli/exhibit and $(RELEASE)/verify/exhibit-verify'
	@echo 'make install              install both under PREFIX ($(PREFIX)); DESTDIR is honoured'
	@echo 'make bench                time and memory beside dc3dd, ewfacquire, restic and borg (RUNS=3)'
	@echo 'make bench-clones         many similar images in one store, beside borg and restic (SIZE=512)'
	@echo 'make bench-containers     images in and out beside libewf, and the cost of the sandbox (RUNS=5)'
	@echo 'make bench-examine        examining beside tsk_loaddb, a second clone, memory (RUNS=5)'
	@echo 'make bench-hashset        looking up a million hashes in ten million, beside hfind (RUNS=3)'
	@echo 'make bench-index          the chunk index with ENTRIES ($(ENTRIES)) synthetic chunks, in DIR ($(DIR))'
	@echo 'make fuzz                 libFuzzer, FUZZ_SECONDS ($(FUZZ_SECONDS)) for each target'
	@echo 'make format               clang-format over the sources'
	@echo 'make clean                remove build/'

build:
	@tools/install-deps build
	@test -f $(RELEASE)/build.ninja || meson setup $(RELEASE)
	@ninja -C $(RELEASE) src/cli/exhibit $(WORKERS) verify/exhibit-verify

demo:
	@tools/install-deps build demo
	@$(MAKE) --no-print-directory build
	@tools/demo $(RELEASE)/src/cli/exhibit

test:
	@tools/install-deps build test
	@tests/run.sh

crash:
	@tools/install-deps build test
	@test -f $(RELEASE)/build.ninja || meson setup $(RELEASE)
	@ninja -C $(RELEASE) src/cli/exhibit tests/crash/record.so tests/crash/wrong
	@tests/crash/run $(RELEASE) $(SCENARIO)

damage:
	@tools/install-deps build test
	@test -f $(RELEASE)/build.ninja || meson setup $(RELEASE)
	@ninja -C $(RELEASE) tests/damage/judge
	@tests/damage/run $(RELEASE)

agree:
	@tools/install-deps build test
	@test -f $(RELEASE)/build.ninja || meson setup $(RELEASE)
	@ninja -C $(RELEASE) src/cli/exhibit $(WORKERS) verify/exhibit-verify
	@N=$$(($(ROUNDS) / 3)) SEED=$${SEED:-2} tests/scripts/verifier.sh $(RELEASE)/src/cli/exhibit

bench:
	@tools/install-deps build bench
	@$(MAKE) --no-print-directory build
	@bench/run $(RELEASE)/src/cli/exhibit

bench-clones:
	@tools/install-deps build bench
	@$(MAKE) --no-print-directory build
	@bench/clones $(RELEASE)/src/cli/exhibit

bench-containers:
	@tools/install-deps build bench test
	@test -f $(RELEASE)/build.ninja || meson setup $(RELEASE)
	@ninja -C $(RELEASE) src/cli/exhibit parsers/exhibit-parser tests/unit/parsers/read_container bench/read-direct
	@bench/containers $(RELEASE)

bench-examine:
	@tools/install-deps build bench
	@$(MAKE) --no-print-directory build
	@bench/examine $(RELEASE)/src/cli/exhibit

bench-hashset:
	@tools/install-deps build bench
	@$(MAKE) --no-print-directory build
	@bench/hashset $(RELEASE)/src/cli/exhibit

bench-index:
	@tools/install-deps build
	@test -f $(RELEASE)/build.ninja || meson setup $(RELEASE)
	@ninja -C $(RELEASE) bench/index-bench
	@$(RELEASE)/bench/index-bench $(ENTRIES) $(DIR)

fuzz:
	@tools/install-deps build fuzz
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tools/fuzz $(FUZZ)

format:
	@tools/install-deps format
	git ls-files -z '*.c' '*.h' | xargs -0 clang-format -i

install: build
	meson configure $(RELEASE) -Dprefix=$(PREFIX)
	meson install --no-rebuild -C $(RELEASE)

clean:
	rm -rf build
