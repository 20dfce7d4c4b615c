# guardiand: everything that is built, tested and installed. `make help` lists the targets.
# CC CFLAGS LDFLAGS PREFIX SYSCONFDIR DESTDIR BUILD JOBS may be set from outside; V=1 shows the commands.

CC ?= cc
CFLAGS ?= -O2 -g
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
BUILD ?= build
JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 30
TEST_TIMEOUT ?= 120

# ---- Flags ----

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2
HARDEN := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection \
	$(if $(filter x86_64%,$(shell $(CC) -dumpmachine)),-fcf-protection)
PACKAGES := libsystemd yaml-0.1 libcjson
DEFINES := -D_GNU_SOURCE=
PACKAGE_FLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
LIBS := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lcgroup -lhttp_parser -lpthread
TEST_LIBS := $(shell pkg-config --libs cmocka 2>/dev/null) $(LIBS)
# What a tick does not run is built small: the daemon locks its pages in memory.
COLD := $(filter-out src/codec/status.c,$(wildcard src/codec/*.c src/ctl/*.c)) src/daemon/check% src/daemon/guardian_setup.c \
	src/daemon/lane% src/core/check_% src/core/policy_% src/core/selector.c src/os/docker% src/os/units.c \
	src/os/swap_% src/os/cgroup_tree.c src/os/cgroup_set.c src/os/cgroup_write.c src/os/cgroup_room.c src/model/%
SMALL = $(if $(and $(HARDEN),$(filter $(COLD),$<)),-Os)
COMPILE = $(CC) -std=gnu17 $(DEFINES) -Iinclude $(PACKAGE_FLAGS) $(WARNINGS) -fPIE -fno-asynchronous-unwind-tables \
	$(HARDEN) $(CFLAGS) $(SMALL) -MMD -MP
LINK = $(CC) -pie -Wl,-z,relro,-z,now,--as-needed $(CFLAGS) $(LDFLAGS)
SUB_MAKE = $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))
say = $(if $(V),,@printf '  %-4s %s\n' $1 '$(@:$(BUILD)/%=%)';)

# ---- Archives: one a layer, from the bottom up; a program's main is in none ----

LAYERS := base model os core codec daemon ctl stream
MAINS := src/daemon/main.c src/ctl/guardianctl.c src/codec/policy_man.c src/stream/main.c
ARCHIVES := $(LAYERS:%=$(BUILD)/lib%.a)
object = $(patsubst %.c,$(BUILD)/obj/%.o,$1)
sources = $(filter-out $(MAINS),$(wildcard src/$1/*.c))
# What each layer may link: itself and what it knows.
below_base := base
below_model := model base
below_os := os model base
below_core := core model base
below_codec := codec core model base
below_daemon := daemon codec core os model base
below_ctl := ctl daemon codec core os model base
below_stream := stream model base
archives = $(patsubst %,$(BUILD)/lib%.a,$(below_$1))

PROGRAMS := $(if $(wildcard src/daemon/main.c),$(BUILD)/guardiand) \
	$(if $(wildcard src/ctl/guardianctl.c),$(BUILD)/guardianctl) \
	$(if $(wildcard src/stream/main.c),$(BUILD)/guardian-stream)

# ---- Tests: each test_*.c or fuzz_*.c is a program; other .c files beside it are linked into all of that folder ----

test_program = $(patsubst %.c,$(BUILD)/%,$1)
UNIT_TESTS := $(call test_program,$(wildcard tests/unit/*/test_*.c))
REPLAY_TESTS := $(call test_program,$(wildcard tests/replay/test_*.c))
FAULT_TESTS := $(call test_program,$(wildcard tests/fault/test_*.c))
# Under ASan malloc cannot be interposed, so the linker turns the calls of the program itself.
FAULT_LINK = $(if $(findstring address,$(LDFLAGS)),-Wl$(comma)--wrap=malloc$(comma)--wrap=calloc$(comma)--wrap=realloc)
comma := ,
FUZZ_TESTS := $(call test_program,$(wildcard tests/fuzz/fuzz_*.c))
TESTS := $(UNIT_TESTS) $(REPLAY_TESTS) $(FAULT_TESTS) $(FUZZ_TESTS)
helpers = $(call object,$(filter-out $(dir $1)test_% $(dir $1)fuzz_%,$(wildcard $(dir $1)*.c)))
RUN_TESTS := tests/run-tests --results $(BUILD)/results --timeout $(TEST_TIMEOUT)
QUICK := unit replay fault fuzz static

all: $(PROGRAMS) $(ARCHIVES) $(BUILD)/guardian.yaml.5  ## build the programs
help:  ## list the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*##  *\(.*\)/\1|\2/p' Makefile | while IFS='|' read -r t h; do printf '  %-15s %s\n' "$$t" "$$h"; done
deps:  ## install the libraries and tools that the build misses (apt or dnf; nothing missing: nothing done)
	@.ci/install-deps build
deps-tools:  ## the same for lint, cover, fuzz and bench
	@.ci/install-deps tools

define layer_rules
$(BUILD)/lib$1.a: $(call object,$(call sources,$1)) | $(BUILD)/
	$$(call say,AR) rm -f $$@ && ar rcs $$@ $(call object,$(call sources,$1))
endef
$(foreach layer,$(LAYERS),$(eval $(call layer_rules,$(layer))))

# In the daemon what reads, decides and acts stands together; --check and the policy's parser come behind it, out of the
# archives, where no page of theirs is next to one that is locked.
DORMANT := src/daemon/check% src/core/check% src/core/policy% src/codec/check% src/codec/policy% src/codec/re% src/codec/status_read.c
AWAKE = $(call object,$(filter-out $(DORMANT),$(foreach layer,$(below_daemon),$(call sources,$(layer)))))
$(BUILD)/guardiand: $(call object,src/daemon/main.c) $(AWAKE) $(call archives,daemon)
	$(call say,LINK) $(LINK) -o $@ $^ $(LIBS)

$(BUILD)/guardianctl: $(call object,src/ctl/guardianctl.c) $(call archives,ctl)
	$(call say,LINK) $(LINK) -o $@ $^ $(LIBS)
$(BUILD)/policy-man: $(call object,src/codec/policy_man.c) $(call archives,codec)
	$(call say,LINK) $(LINK) -o $@ $^ $(LIBS)

# guardian-stream runs in other people's images, so it is linked statically and small, with musl where there is a musl-gcc for
# the machine that CC builds for. For sanitizers and coverage (no HARDEN) it is a program like any other.
machine = $(firstword $(subst -, ,$(shell $1 -dumpmachine 2>/dev/null)))
STREAM_CC := $(if $(filter $(call machine,$(CC)),$(call machine,musl-gcc)),musl-gcc,$(CC))
STREAM_SOURCES := $(wildcard src/stream/*.c) src/model/slot_file.c src/base/text.c src/base/text_out.c
STREAM_OBJECTS := $(STREAM_SOURCES:%.c=$(BUILD)/obj/static/%.o)
$(BUILD)/obj/static/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC) $(STREAM_CC) -std=gnu17 $(DEFINES) -Iinclude $(WARNINGS) -fno-pie -fno-asynchronous-unwind-tables $(HARDEN) \
		$(CFLAGS) -Os -ffunction-sections -fdata-sections -MMD -MP -c -o $@ $<

ifneq ($(HARDEN),)
$(BUILD)/guardian-stream: $(STREAM_OBJECTS)
	$(call say,LINK) $(STREAM_CC) -static -no-pie -s -Wl,--gc-sections,-z,relro,-z,noexecstack $(LDFLAGS) -o $@ $^
	$(if $(filter musl-gcc,$(STREAM_CC)),,@echo '       no musl-gcc here: guardian-stream is linked with the static libc of $(CC), and is larger')
else
$(BUILD)/guardian-stream: $(call object,src/stream/main.c) $(call archives,stream)
	$(call say,LINK) $(LINK) -o $@ $^
endif
$(filter $(BUILD)/tests/unit/stream/%,$(UNIT_TESTS)): | $(BUILD)/guardian-stream

# The lists of fields in the page are printed from the field table.
$(BUILD)/guardian.yaml.5: src/codec/guardian.yaml.5.in $(BUILD)/policy-man
	$(call say,MAN) $(BUILD)/policy-man <$< >$@

$(BUILD)/:
	@mkdir -p $@

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC) $(COMPILE) $(INCLUDES) -c -o $@ $<

# A test sees the private headers of its layer, and all of src by path.
$(BUILD)/obj/tests/%.o: INCLUDES = -Isrc -I$(<D) $(patsubst tests/unit/%,-Isrc/%,$(filter tests/unit/%,$(<D)))

.SECONDARY:
.SECONDEXPANSION:
$(BUILD)/tests/unit/%: $(BUILD)/obj/tests/unit/%.o $$(call helpers,tests/unit/$$*) $$(call archives,$$(*D))
	@mkdir -p $(@D)
	$(call say,LINK) $(LINK) -o $@ $^ $(TEST_LIBS)
$(BUILD)/tests/replay/%: $(BUILD)/obj/tests/replay/%.o $$(call helpers,tests/replay/$$*) $(call archives,ctl)
	@mkdir -p $(@D)
	$(call say,LINK) $(LINK) -o $@ $^ $(TEST_LIBS)
$(BUILD)/tests/fault/%: $(BUILD)/obj/tests/fault/%.o $$(call helpers,tests/fault/$$*) $(BUILD)/libstream.a $(call archives,ctl)
	@mkdir -p $(@D)
	$(call say,LINK) $(LINK) $(FAULT_LINK) -o $@ $^ $(TEST_LIBS) -ldl

# With the corpus driver; FUZZER=1 (and clang) puts libFuzzer in its place.
$(BUILD)/tests/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(if $(FUZZER),,$(call object,tests/fuzz/driver.c)) $(call archives,ctl)
	@mkdir -p $(@D)
	$(call say,LINK) $(LINK) $(if $(FUZZER),-fsanitize=fuzzer) -o $@ $^ $(LIBS)

tests: all $(TESTS)  ## build all tests

run: deps  ## install what is missing, build, run guardiand here, or in the test guest when this host has no cgroup v2 memory
	@$(SUB_MAKE) all
	@if grep -qsw memory /sys/fs/cgroup/cgroup.controllers; then \
		exec $(BUILD)/guardiand --config conf/guardian.yaml; \
	else \
		echo 'The memory controller of this host is not on cgroup v2, so guardiand runs in the test guest.'; \
		exec tests/guest/demo; \
	fi

# ---- Checking ----

# A program that does not build is a failure of its tier; the others run all the same.
run_tier = +@$(SUB_MAKE) -sk all $2 && broken= || broken=--broken; $(RUN_TESTS) $$broken $1 $2
run_tiers = +@rm -rf $(BUILD)/results; status=0; \
	for tier in $1; do $(MAKE) --no-print-directory -s check-$$tier || status=1; done; \
	tests/run-tests --results $(BUILD)/results --sum $1 || status=1; exit $$status

check: deps  ## all tests; the last line is `N passed, N failed, N skipped`
	$(call run_tiers,$(QUICK) guest)
check-quick:  ## all tests that need no guest, and their sum
	$(call run_tiers,$(QUICK))
check-unit:  ## one test program a module
	$(call run_tier,unit,$(UNIT_TESTS))
check-replay:  ## recorded and written minutes, and the plans expected
	$(call run_tier,replay,$(REPLAY_TESTS))
check-fault:  ## fail each call in turn: error back, nothing leaked
	$(call run_tier,fault,$(FAULT_TESTS))
check-fuzz:  ## the fuzz targets over their corpus, as plain tests
	$(call run_tier,fuzz,$(FUZZ_TESTS))
check-static:  ## the house's rules: layers and pure, as tests
	@CC='$(CC)' $(RUN_TESTS) static tests/layers tests/pure tests/readme
check-guest: all  ## real containers in the test guest
	@tests/run-tests --results $(BUILD)/results --timeout 10800 --live guest tests/guest/run
check-sanitize:  ## all tests that need no guest, under ASan and UBSan
	@$(MAKE) --no-print-directory -k BUILD=$(BUILD)/sanitize HARDEN= LDFLAGS='-fsanitize=address,undefined' TEST_TIMEOUT=600 \
		CFLAGS='-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer' check-quick

fuzz: deps-tools  ## run each fuzzer for FUZZ_SECONDS (30) with libFuzzer, ASan and UBSan
	@$(SUB_MAKE) -sk BUILD=$(BUILD)/fuzz CC=clang FUZZER=1 HARDEN= LDFLAGS='-fsanitize=address,undefined' \
		CFLAGS='-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined' fuzzers
	@tests/fuzz/run $(FUZZ_SECONDS) $(BUILD)/fuzz
fuzzers: $(FUZZ_TESTS)

cover: deps-tools  ## line and branch coverage; gates: core 98 % of branches, each other layer 85 % of lines
	@rm -rf $(BUILD)/cover
	@status=0; $(MAKE) --no-print-directory -s BUILD=$(BUILD)/cover HARDEN= CFLAGS='-O0 -g --coverage -fprofile-update=atomic' LDFLAGS= \
		check-quick || status=1; \
	tests/cover $(BUILD)/cover $(LAYERS) || status=1; exit $$status

lint: deps-tools  ## gcc -fanalyzer, clang-tidy, cppcheck, clang-format, shellcheck
	@status=0; $(SUB_MAKE) -sk BUILD=$(BUILD)/lint CC=gcc CFLAGS='-O2 -g -fanalyzer -Werror' all || status=1; \
	DEFINES='$(DEFINES)' JOBS=$(JOBS) tests/lint || status=1; exit $$status
layers:  ## refuse an include that points up
	@tests/layers
pure:  ## refuse a core that calls anything but mem* and str*
	@CC='$(CC)' tests/pure

$(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $(call archives,daemon)
	@mkdir -p $(@D)
	$(call say,LINK) $(LINK) -o $@ $^ $(LIBS)

bench-programs: $(BUILD)/bench/tick $(BUILD)/bench/floor $(BUILD)/bench/slot $(BUILD)/guardian-stream
bench: all  ## the cost of a tick next to the floor's and other guardians'
	@tests/bench/run
format:  ## lay out all C files as .clang-format says
	@find include src tests -name '*.[ch]' -exec clang-format -i {} +

# ---- Installing ----

SUB_PREFIX = sed 's,/usr/sbin/,$(PREFIX)/sbin/,g; s,/usr/bin/,$(PREFIX)/bin/,g; s,/etc/guardian.yaml,$(SYSCONFDIR)/guardian.yaml,g'
MAN_PAGES = $(wildcard src/*/*.[158]) $(BUILD)/guardian.yaml.5
LIVE = [ -z '$(DESTDIR)' ] && [ -d /run/systemd/system ]

install: all  ## install below PREFIX (/usr/local), the policy in SYSCONFDIR (/etc) unless there is one
	install -D -m 0755 $(BUILD)/guardiand $(DESTDIR)$(PREFIX)/sbin/guardiand
	install -D -m 0755 -t $(DESTDIR)$(PREFIX)/bin $(BUILD)/guardianctl $(BUILD)/guardian-stream
	$(SUB_PREFIX) systemd/guardiand.service | install -D -m 0644 /dev/stdin $(DESTDIR)$(PREFIX)/lib/systemd/system/guardiand.service
	install -D -m 0644 systemd/guardiand.catalog $(DESTDIR)$(PREFIX)/lib/systemd/catalog/guardiand.catalog
	for f in $(wildcard systemd/*.tmpfiles); do \
		install -D -m 0644 $$f $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/$$(basename $$f .tmpfiles).conf || exit 1; done
	for f in $(MAN_PAGES); do \
		$(SUB_PREFIX) $$f | install -D -m 0644 /dev/stdin $(DESTDIR)$(PREFIX)/share/man/man$${f##*.}/$${f##*/} || exit 1; done
	[ -e $(DESTDIR)$(SYSCONFDIR)/guardian.yaml ] || install -D -m 0644 conf/guardian.yaml $(DESTDIR)$(SYSCONFDIR)/guardian.yaml
	! { $(LIVE); } || { journalctl --update-catalog && systemctl daemon-reload; }

uninstall:  ## remove what install put there, but not the policy
	! { $(LIVE); } || systemctl disable --now guardiand.service || true
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/,sbin/guardiand bin/guardianctl bin/guardian-stream lib/systemd/system/guardiand.service \
		lib/systemd/catalog/guardiand.catalog $(patsubst systemd/%.tmpfiles,lib/tmpfiles.d/%.conf,$(wildcard systemd/*.tmpfiles)) \
		$(foreach page,$(MAN_PAGES),share/man/man$(subst .,,$(suffix $(page)))/$(notdir $(page))))
	! { $(LIVE); } || { journalctl --update-catalog && systemctl daemon-reload; }

clean:  ## remove the build folder
	rm -rf $(BUILD)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
.DELETE_ON_ERROR:
.PHONY: all help deps deps-tools tests run check check-quick $(QUICK:%=check-%) check-guest check-sanitize fuzz fuzzers \
	cover lint layers pure bench bench-programs format install uninstall clean

