# Thin: every target is one command that also works without make. CMakeLists.txt is the map.
BUILD ?= build
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
CMAKE ?= cmake
MODES ?=

.PHONY: all deps build conformance test check bench report windows sabotage clean

all: build

deps:
	@ci/deps

$(BUILD)/CMakeCache.txt:
	@$(CMAKE) -S . -B $(BUILD) >$(BUILD).log 2>&1 || { cat $(BUILD).log; rm -f $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log

build: deps
	@$(MAKE) --no-print-directory $(BUILD)/CMakeCache.txt
	@$(CMAKE) --build $(BUILD) -j $(JOBS)

# Judges every mode this machine has; leaves results/local/.
conformance: build
	@ci/conformance $(BUILD)

test: build
	@ci/test $(BUILD) $(JOBS)

check: deps
	@ci/check

bench: build
	@ci/bench $(BUILD)

report: build
	@ci/report $(BUILD)

sabotage: build
	@ci/sabotage $(BUILD)

windows:
	@ci/deps --windows
	@ci/windows

clean:
	@rm -rf $(BUILD) results/local
