import Threads

/// Calls `body` with one thread and with two, and gives both results. The limit holds for the calling thread only.
func onOneAndTwoThreads<Result>(_ body: () throws -> Result) rethrows -> (Result, Result) {
    let count = Threads.count
    defer { Threads.setCount(count) }
    Threads.setCount(1)
    let first = try body()
    Threads.setCount(2)
    return (first, try body())
}

/// The bits of numbers, so that NaN equals NaN and −0 is not 0.
func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }
