# Domus: guest provisioning for Xen.
#
#   make                release build: bin/domus and its names
#   make guest          one guest below guests/   (HOSTNAME=demo DIST=bookworm OPTIONS=...)
#   make check          build and run every test that needs no Xen host
#   make check-xen      run the program on an emulated Xen host, and boot its guests   (SCENARIO=name for one)
#   make check-xen-full the slow scenarios too
#   make bench          compare with peers, and with a copy: Benchmarks/Results   (RUNS=5 DIST=bookworm PART=name)
#   make lint           format, shell scripts, manual pages
#   make install        DESTDIR= PREFIX=/usr/local

PREFIX ?= /usr/local
DESTDIR ?=
# Not ?=: containers export HOSTNAME, and it is not the guest's.
HOSTNAME = demo
DIST = bookworm
OPTIONS =

SWIFT ?= swift
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
# The Swift runtime inside, so that the program runs where Swift is not installed; no libraries from where the program lies,
# which is not always a directory of the system's; no symbols, which are two thirds.
RELEASE = --configuration release --static-swift-stdlib --disable-local-rpath -Xlinker -s
NAMES = xen-create-image xen-delete-image xen-list-images xen-resize-guest

# What apt has: to build, to make guests, and to test.
BUILD_PACKAGES = make pkg-config libarchive-dev libcrypt-dev liblvm2-dev libparted-dev libsqlite3-dev libxml2-dev
GUEST_PACKAGES = apt debian-archive-keyring debootstrap distro-info-data e2fsprogs gnutls-bin gpgv openssh-client \
	util-linux wget
TEST_PACKAGES = attr acl apt-utils btrfs-progs busybox-static bzip2 cpio debootstrap distro-info dosfstools fdisk gnupg \
	gpgv grub-common grub-efi-amd64-bin grub-pc-bin grub-xen-host iproute2 libarchive-tools libcap2-bin \
	libvirt-clients libvirt-daemon libvirt-daemon-driver-xen libxen-dev libxml2-utils lvm2 mandoc mmdebstrap mount \
	mtools openssh-client openssl ovmf passwd perl procps qemu-system-x86 shellcheck wget xfsprogs xorriso xz-utils zstd

# What an emulated Xen host needs beside them.
LAB_PACKAGES = apt-utils file gnupg openssh-client qemu-system-x86 tar util-linux zstd
SCENARIO =

# What a comparison needs beside them.
BENCH_PACKAGES = eatmydata hyperfine mmdebstrap librsvg2-bin xen-tools
RUNS = 5
PART =

.PHONY: all release guest check check-xen check-xen-full bench lint install clean
.PHONY: build-packages guest-packages test-packages lab-packages bench-packages

all: release

release: build-packages
	$(SWIFT) build $(RELEASE) --product domus
	$(SWIFT) build $(RELEASE) --product domus-chroot
	mkdir -p bin
	install -m 755 "$$($(SWIFT) build --configuration release --show-bin-path)/domus" bin/domus
	install -m 755 "$$($(SWIFT) build --configuration release --show-bin-path)/domus-chroot" bin/domus-chroot
	for name in $(NAMES); do ln -sf domus "bin/$$name"; done

guest: guest-packages release
	mkdir -p guests
	$(SUDO) bin/xen-create-image --hostname=$(HOSTNAME) --dist=$(DIST) --dhcp --dir=guests --output=guests $(OPTIONS)

check: release guest-packages test-packages
	$(SWIFT) build --build-tests
	# In two runs: the acceptance tests watch the whole host, where other tests mount and unmount. They run what users run.
	$(SWIFT) test --skip-build --skip AcceptanceTests
	DOMUS_TEST_PROGRAM="$(CURDIR)/bin/domus" $(SWIFT) test --skip-build --filter AcceptanceTests

check-xen: lab
	$(SUDO) $(LAB) $(SCENARIO)

check-xen-full: lab
	$(SUDO) $(LAB) --full $(SCENARIO)

# The program as it is installed, and what starts the host for it. A lab that cannot be says so itself, and counts what it
# skips: so packages that do not come are no error here.
LAB = .build-xen-lab/xen-lab --sources=Tests/XenLab --program=.build-xen-lab/program
.PHONY: lab
lab: release
	-@$(MAKE) --no-print-directory lab-packages
	# Not a release build: it shares modules with the tests, which no release has, and waits for most of its time.
	$(SWIFT) build --product xen-lab
	rm -rf .build-xen-lab
	$(MAKE) --no-print-directory install DESTDIR="$(CURDIR)/.build-xen-lab/program" PREFIX=/usr/local
	install -d .build-xen-lab/program/usr/local/lib
	install -m 755 "$$($(SWIFT) build --show-bin-path)/xen-lab" .build-xen-lab/xen-lab
	# Swift links by it, so it is there.
	clang -shared -fPIC -Wall -Werror -O1 -o .build-xen-lab/program/usr/local/lib/kill-at.so Tests/XenLab/Tools/kill-at.c

bench: release bench-packages
	$(SWIFT) build --product bench
	$(SUDO) "$$($(SWIFT) build --show-bin-path)/bench" --runs=$(RUNS) --suite=$(DIST) $(if $(PART),--part=$(PART))

lint: test-packages
	$(SWIFT) format lint --strict --recursive Sources Tests Benchmarks Package.swift
	find Hooks -type f -exec shellcheck --external-sources {} +
	shellcheck Benchmarks/by-hand
	# From where the scenarios find lib.sh.
	cd Tests/XenLab && shellcheck --external-sources lib.sh pack-* Host/build Host/run Host/files/usr/local/sbin/* Scenarios/*
	mandoc -Tlint -Wwarning man/*

install: release
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/libexec/domus" "$(DESTDIR)$(PREFIX)/share/domus"
	install -m 755 bin/domus "$(DESTDIR)$(PREFIX)/bin/domus"
	install -m 755 bin/domus-chroot "$(DESTDIR)$(PREFIX)/libexec/domus/domus-chroot"
	for name in $(NAMES); do ln -sf domus "$(DESTDIR)$(PREFIX)/bin/$$name"; done
	rm -rf "$(DESTDIR)$(PREFIX)/share/domus/hooks" "$(DESTDIR)$(PREFIX)/share/domus/templates"
	cp -R Hooks "$(DESTDIR)$(PREFIX)/share/domus/hooks"
	cp -R Templates "$(DESTDIR)$(PREFIX)/share/domus/templates"
	for page in man/*.[1-9]; do \
		section="$${page##*.}"; \
		install -D -m 644 "$$page" "$(DESTDIR)$(PREFIX)/share/man/man$$section/$${page##*/}"; \
	done

clean:
	rm -rf .build .build-xen-lab bin

# Installs what is missing, and asks nothing of a machine that has it all.
define install-packages
	@missing=""; \
	for package in $(1); do \
		dpkg-query -W -f '$${db:Status-Status}' "$$package" 2>/dev/null | grep -qx installed || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
		echo "apt-get install$$missing"; \
		$(SUDO) apt-get update -qq && \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi
endef

build-packages:
	$(call install-packages,$(BUILD_PACKAGES))

guest-packages:
	$(call install-packages,$(GUEST_PACKAGES))

test-packages:
	$(call install-packages,$(TEST_PACKAGES))

bench-packages:
	$(call install-packages,$(GUEST_PACKAGES) $(BENCH_PACKAGES))

lab-packages:
	$(call install-packages,$(GUEST_PACKAGES) $(LAB_PACKAGES))
