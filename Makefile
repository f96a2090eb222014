# make            everything: libham and libhamx (shared and static), the overlay, pkg-config and CMake files, manual pages: in build/
# make lib        libham and libhamx alone, in a minute or two
# make overlay    technology overlay, libham-overlay.so: most of the time that `make` takes
# make install    honours PREFIX, DESTDIR, LIBDIR, INCLUDEDIR, MANDIR
# make uninstall
# make header     writes include/*.h anew from the Rust source
# make config     writes docs/ham.toml anew from the tables of keys
# make picture    writes docs/rooms.md anew, the rooms of the source and who knows whom
# make demo       shows groups, receivers and a plain BSD program on a network of its own
# make demo-overlay  the same where the network carries no multicast
# make test       every test, from C and Rust
# make bench      the ratios against raw sockets; BENCH=--quick for a short run
# make clean

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
SOVERSION := $(firstword $(subst ., ,$(VERSION)))
# The day of the release, for the manual pages.
DATE := 2026-11-21

CARGO ?= cargo
OBJCOPY ?= objcopy
INSTALL ?= install
BUILD ?= build
# The overlay: overlay-tls, overlay (without TLS and QUIC) or nothing.
FEATURES ?= overlay-tls
CFLAGS ?= -O2

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
PKGCONFIGDIR ?= $(LIBDIR)/pkgconfig
CMAKEDIR ?= $(LIBDIR)/cmake/Ham

# What `rustc --print native-static-libs` names.
STATIC_LIBS := -lgcc_s -lutil -lrt -lpthread -lm -ldl -lc

# Cargo's own names for a foreign target.
CARGO_OUT := $(BUILD)/cargo$(addprefix /,$(CARGO_BUILD_TARGET))
CORE := $(CARGO_OUT)/release/libham.a
OVERLAY := $(CARGO_OUT)/release/libham_overlay.a

overlay_features_overlay-tls := --features tls
overlay_features_overlay :=
ifneq ($(FEATURES),$(filter overlay-tls overlay,$(firstword $(FEATURES))))
$(error FEATURES=$(FEATURES) is neither overlay-tls nor overlay nor empty)
endif

names = $(shell sed -n 's/^ \{8\}\([A-Za-z]*\);$$/\1/p' ham.map)
extras := ham_receive_from ham_interfaceProperties ham_statistics ham_interfaceStatistics ham_last_error ham_version
comma := ,

libraries := $(foreach name,ham hamx,$(BUILD)/lib$(name).so.$(SOVERSION) $(BUILD)/lib$(name).so $(BUILD)/lib$(name).a)
packages := $(addprefix $(BUILD)/,ham.pc hamx.pc HamConfig.cmake HamConfigVersion.cmake)

.PHONY: all lib overlay header config picture install uninstall clean demo demo-overlay test bench FORCE
.DELETE_ON_ERROR:

all: lib $(if $(FEATURES),overlay) $(packages) $(BUILD)/man/.made

lib: $(libraries)

overlay: $(BUILD)/libham-overlay.so.$(SOVERSION)

# --- The libraries -------------------------------------------------------------------------------------------------
#
# An archive of Rust code, in libham's under the internal name ham_send for send. From it one relocatable object, in which
# every reference to libc's send is __wrap_send. From that, by renaming, the object of each library with its exported names
# global and all others local; and from this the static and the shared library.

# Cargo knows better than make what has changed; it leaves the file's time alone when nothing has.
$(CORE): FORCE
	$(CARGO) rustc --release --lib --crate-type staticlib --features hamx --target-dir $(BUILD)/cargo

# Its tests have the same profile and features: see Cargo.toml.
$(OVERLAY): FORCE
	$(CARGO) rustc --release --package ham-overlay --lib --crate-type staticlib --no-default-features \
	    $(overlay_features_$(FEATURES)) --target-dir $(BUILD)/cargo

$(BUILD)/libc_send.o: packaging/libc_send.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -fno-lto -ffunction-sections -c -o $@ $<

# $(call object,OBJECT,ARCHIVE,EXPORTED NAMES)
define object
$(BUILD)/$(1): $(2) $(BUILD)/libc_send.o
	$(CC) -nostdlib -r -o $$@ -Wl,--wrap=send $(addprefix -Wl$(comma)-u$(comma),$(3)) $(BUILD)/libc_send.o $(2)
endef

# What compilers leave for other compilers and for debuggers: several pieces of LLVM's in one section, as they are by now,
# make an `ar` with LLVM's plugin abort.
leave := --strip-debug --remove-section=.llvmbc --remove-section=.llvmcmd

# $(call library,NAME,OBJECT,VERSION SCRIPT,HOW TO RENAME AND KEEP NAMES)
define library
$(BUILD)/$(1).o: $(BUILD)/$(2) $(3)
	$(OBJCOPY) $(leave) $(4) $$< $$@

$(BUILD)/lib$(1).a: $(BUILD)/$(1).o
	rm -f $$@
	$(AR) rcs $$@ $$<

$(BUILD)/lib$(1).so.$(SOVERSION): $(BUILD)/$(1).o $(3)
	$(CC) -shared -o $$@ $(LDFLAGS) -Wl,--version-script=$(3) -Wl,-soname,lib$(1).so.$(SOVERSION) -Wl,--gc-sections \
	    -Wl,-z,relro,-z,now,-z,defs,-z,nodelete $$< -Wl,--as-needed $(STATIC_LIBS)

$(BUILD)/lib$(1).so: $(BUILD)/lib$(1).so.$(SOVERSION)
	ln -sf $$(<F) $$@
endef

keep = $(addprefix --keep-global-symbol=,$(1))

$(BUILD)/core.o: ham.map
$(eval $(call object,core.o,$(CORE),$(filter-out send,$(names)) ham_send $(extras)))
$(eval $(call library,ham,core.o,ham.map,--redefine-sym ham_send=send $(call keep,$(names))))
$(eval $(call library,hamx,core.o,hamx.map,$(foreach name,$(filter-out send,$(names)),--redefine-sym $(name)=ham_$(name)) \
    $(call keep,$(addprefix ham_,$(names)) $(extras))))

$(eval $(call object,overlay.o,$(OVERLAY),ham_technology))
$(eval $(call library,ham-overlay,overlay.o,overlay/ham-overlay.map,$(call keep,ham_technology)))

# --- What goes with them -------------------------------------------------------------------------------------------

description_ham := A common API for transparent hybrid multicast (RFC 7046)
description_hamx := RFC 7046 under names that begin with ham_, and more

relative = $(shell realpath -m --relative-to='$(2)' '$(1)')
# $(call fill,LIBRARY,TEMPLATE,FILE)
fill = sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@LIBDIR@|$(LIBDIR)|g' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|g' \
    -e 's|@NAME@|$(1)|g' -e 's|@DESCRIPTION@|$(description_$(1))|g' \
    -e 's|@VERSION@|$(VERSION)|g' -e 's|@VERSION_MAJOR@|$(SOVERSION)|g' -e 's|@STATIC_LIBS@|$(STATIC_LIBS)|g' \
    -e 's|@PREFIX_FROM_CMAKEDIR@|$(call relative,$(PREFIX),$(CMAKEDIR))|g' \
    -e 's|@LIBDIR_FROM_PREFIX@|$(call relative,$(LIBDIR),$(PREFIX))|g' \
    -e 's|@INCLUDEDIR_FROM_PREFIX@|$(call relative,$(INCLUDEDIR),$(PREFIX))|g' $(2) > $(3)

# These say where PREFIX was when they were made; `make install` makes its own.
$(BUILD)/ham.pc $(BUILD)/hamx.pc: $(BUILD)/%.pc: packaging/ham.pc.in Makefile Cargo.toml
	@mkdir -p $(@D)
	$(call fill,$*,$<,$@)

$(BUILD)/%.cmake: packaging/%.cmake.in Makefile Cargo.toml
	@mkdir -p $(@D)
	$(call fill,ham,$<,$@)

$(BUILD)/man/.made: packaging/man.awk packaging/ham.7.in include/ham.h include/hamx.h
	rm -rf $(@D)
	mkdir -p $(@D)
	awk -v out=$(@D) -v version=$(VERSION) -v date=$(DATE) -v header=ham.h -v library=ham -f packaging/man.awk include/ham.h
	awk -v out=$(@D) -v version=$(VERSION) -v date=$(DATE) -v header=hamx.h -v library=hamx -f packaging/man.awk include/hamx.h
	sed -e 's|@VERSION@|$(VERSION)|g' -e 's|@DATE@|$(DATE)|g' packaging/ham.7.in > $(@D)/ham.7
	touch $@

header:
	HAM_UPDATE_HEADERS=1 $(CARGO) test --test header_drift

config:
	HAM_UPDATE_CONFIG=1 $(CARGO) test --test config_drift

picture:
	HAM_UPDATE_PICTURE=1 $(CARGO) test --test layers picture

# --- Installing ----------------------------------------------------------------------------------------------------

# What has been built is installed as it is, so that root needs no Rust.
install:
	@[ -e $(BUILD)/libhamx.so.$(SOVERSION) ] && [ -e $(BUILD)/man/.made ] || $(MAKE) all
	$(INSTALL) -d $(addprefix $(DESTDIR),$(LIBDIR) $(INCLUDEDIR) $(PKGCONFIGDIR) $(CMAKEDIR) $(MANDIR)/man3 $(MANDIR)/man7)
	for name in ham hamx; do \
	    $(INSTALL) -m 755 -s $(BUILD)/lib$$name.so.$(SOVERSION) $(DESTDIR)$(LIBDIR)/lib$$name.so.$(VERSION) && \
	    ln -sf lib$$name.so.$(VERSION) $(DESTDIR)$(LIBDIR)/lib$$name.so.$(SOVERSION) && \
	    ln -sf lib$$name.so.$(SOVERSION) $(DESTDIR)$(LIBDIR)/lib$$name.so && \
	    $(OBJCOPY) --strip-debug $(BUILD)/lib$$name.a $(DESTDIR)$(LIBDIR)/lib$$name.a && \
	    chmod 644 $(DESTDIR)$(LIBDIR)/lib$$name.a && \
	    $(INSTALL) -m 644 include/$$name.h $(DESTDIR)$(INCLUDEDIR)/ || exit 1; \
	done
	[ ! -e $(BUILD)/libham-overlay.so.$(SOVERSION) ] || { \
	    $(INSTALL) -m 755 -s $(BUILD)/libham-overlay.so.$(SOVERSION) $(DESTDIR)$(LIBDIR)/libham-overlay.so.$(VERSION) && \
	    ln -sf libham-overlay.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libham-overlay.so.$(SOVERSION); }
	$(call fill,ham,packaging/ham.pc.in,$(DESTDIR)$(PKGCONFIGDIR)/ham.pc)
	$(call fill,hamx,packaging/ham.pc.in,$(DESTDIR)$(PKGCONFIGDIR)/hamx.pc)
	$(call fill,ham,packaging/HamConfig.cmake.in,$(DESTDIR)$(CMAKEDIR)/HamConfig.cmake)
	$(call fill,ham,packaging/HamConfigVersion.cmake.in,$(DESTDIR)$(CMAKEDIR)/HamConfigVersion.cmake)
	$(INSTALL) -m 644 $(BUILD)/man/*.3 $(DESTDIR)$(MANDIR)/man3/
	$(INSTALL) -m 644 $(BUILD)/man/ham.7 $(DESTDIR)$(MANDIR)/man7/

uninstall:
	for name in ham hamx; do \
	    rm -f $(DESTDIR)$(LIBDIR)/lib$$name.so $(DESTDIR)$(LIBDIR)/lib$$name.so.$(SOVERSION) \
	        $(DESTDIR)$(LIBDIR)/lib$$name.so.$(VERSION) $(DESTDIR)$(LIBDIR)/lib$$name.a \
	        $(DESTDIR)$(INCLUDEDIR)/$$name.h $(DESTDIR)$(PKGCONFIGDIR)/$$name.pc; \
	done
	rm -f $(addprefix $(DESTDIR)$(LIBDIR)/libham-overlay.so.,$(SOVERSION) $(VERSION))
	rm -f $(foreach page,$(names) $(extras),$(DESTDIR)$(MANDIR)/man3/$(page).3) $(DESTDIR)$(MANDIR)/man7/ham.7
	rm -rf $(DESTDIR)$(CMAKEDIR)

clean:
	rm -rf $(BUILD)

# --- Scripts ---------------------------------------------------------------------------------------------------------

# What a newcomer looks at first does not wait for the overlay.
demo: lib
	exec capi-tests/demo.sh

demo-overlay: lib overlay
	exec capi-tests/demo-overlay.sh

# Builds everything, too, beside its first tests.
test:
	exec capi-tests/run.sh

bench: all
	exec benches/run.sh $(BENCH)
