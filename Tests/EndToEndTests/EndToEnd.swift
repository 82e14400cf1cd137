import Testing

/// Tests of the built program as users run it, one after the other: each starts processes that want all cores.
///
///     swift build -c release --build-tests && swift test -c release --skip-build --filter EndToEndTests
@Suite(.serialized) struct EndToEnd {}
