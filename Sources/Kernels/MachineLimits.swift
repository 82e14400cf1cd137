internal import CKernels
import Tensors
import Threads

/// What the cores and the memory of this machine can do at best, measured with all threads of the pool.
public enum MachineLimits {
    private static let repetitionCount = 10
    /// Shortest run that is believed, in seconds.
    private static let shortestRun = 0.02

    /// Float32 operations per second of fused multiply-adds on registers, two per multiply-add.
    public static func multiplyAddRate() -> Double { bestRate(ckernels_run_fma) }

    /// The same for products of bfloat16 pairs with float32 sums; nil where the CPU has no such instruction.
    public static func bfloat16Rate() -> Double? { ckernels_has_bf16() != 0 ? bestRate(ckernels_run_bf16) : nil }

    private static func bestRate(_ run: @convention(c) (Int64) -> Double) -> Double {
        let threadCount = Threads.count
        func measured(_ rounds: Int64) -> (seconds: Double, operations: Double) {
            let start = ContinuousClock.now
            let operations = Threads.map(threadCount) { (_) throws(Never) in run(rounds) }.reduce(0, +)
            return (start.duration(to: .now) / .seconds(1), operations)
        }
        var rounds: Int64 = 1 << 12
        while measured(rounds).seconds < shortestRun { rounds *= 2 }
        return (0..<repetitionCount).reduce(0.0) { best, _ in
            let run = measured(rounds)
            return max(best, run.operations / run.seconds)
        }
    }

    /// Bytes per second of `a = b + factor · c` over arrays far larger than the caches: two reads and one write are
    /// counted per element, not that the written line is read before.
    public static func memoryBandwidth() -> Double {
        let count = 1 << 23
        let pieceCount = 64
        let buffers = (0..<3).map { _ in AlignedBuffer<Double>(count: count) }
        let (a, b, c) = (buffers[0], buffers[1], buffers[2])
        var best = 0.0
        for _ in 0...repetitionCount {
            let start = ContinuousClock.now
            Threads.forEach(pieceCount) { piece in
                let first = piece * (count / pieceCount)
                ckernels_triad(a.pointer + first, b.pointer + first, c.pointer + first, 0.5, Int64(count / pieceCount))
            }
            best = max(best, Double(3 * count * MemoryLayout<Double>.stride) / (start.duration(to: .now) / .seconds(1)))
        }
        return best
    }
}
