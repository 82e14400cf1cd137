internal import CThreads
import Foundation

/// The one pool of threads of this process: libgomp's, which the convolution library runs on too.
///
/// Nested calls run on the calling thread alone (libgomp's default), so a body may call code that is parallel itself.
public enum Threads {
    /// Cores that this process may run on (its affinity mask).
    public static var availableCoreCount: Int { Int(cthreads_affinity_count()) }

    /// The cores that this process may run on, as the system lists them: "0-3,8". Empty where it does not say.
    public static var affinityMask: String {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
        return line.map { $0.dropFirst("Cpus_allowed_list:".count).trimmingCharacters(in: .whitespaces) } ?? ""
    }

    /// Threads that a parallel loop started from this thread uses.
    public static var count: Int { Int(cthreads_count()) }

    /// Sets the number of threads of this process. Call it on the main thread, before the work whose bits shall not
    /// change.
    ///
    /// - Precondition: `count ≥ 1`.
    public static func setCount(_ count: Int) {
        precondition(count >= 1, "a process needs at least one thread, not \(count)")
        cthreads_set_count(Int32(count))
    }

    /// Calls `body` once for every index in `0 ..< count`, on all threads, and returns when all calls have returned.
    ///
    /// - Parameters:
    ///   - count: number of calls; indices are handed out in order to whichever thread is free.
    ///   - limit: at most this many threads; all of them when absent.
    ///   - body: must not throw, and must write only to what belongs to its index.
    /// - Determinism: which thread runs an index is open; a result that depends on the index alone is reproducible.
    public static func forEach(_ count: Int, limit: Int? = nil, _ body: @Sendable (Int) -> Void) {
        forEach(count, limit: limit) { index, _ in body(index) }
    }

    /// The same, and tells `body` which worker calls it, from 0 and less than `limit`: no two calls with the same
    /// worker run at once, so each worker can have memory of its own.
    public static func forEach(_ count: Int, limit: Int? = nil, _ body: @Sendable (Int, _ worker: Int) -> Void) {
        withoutActuallyEscaping(body) { escapable in
            var box = Body(call: escapable)
            unsafe withUnsafeMutablePointer(to: &box) { pointer in
                unsafe cthreads_for(
                    Int32(min(limit ?? Self.count, Self.count)), Int64(count),
                    { context, index, worker in
                        unsafe context!.assumingMemoryBound(to: Body.self).pointee.call(Int(index), Int(worker))
                    }, pointer)
            }
        }
    }

    private struct Body {
        let call: @Sendable (Int, Int) -> Void
    }

    /// Calls `body` for every index on all threads and returns the results in index order.
    ///
    /// - Throws: the error of the lowest index that threw; the others still run to their end.
    public static func map<Result: Sendable, Failure: Error>(
        _ count: Int, limit: Int? = nil, _ body: @Sendable (Int) throws(Failure) -> Result
    ) throws(Failure) -> [Result] {
        var results = [Swift.Result<Result, Failure>?](repeating: nil, count: count)
        unsafe results.withUnsafeMutableBufferPointer { buffer in
            let slots = unsafe Slots(base: buffer.baseAddress)
            forEach(count, limit: limit) { index in
                do throws(Failure) {
                    let value = try body(index)
                    unsafe slots.base![index] = .success(value)
                } catch {
                    unsafe slots.base![index] = .failure(error)
                }
            }
        }
        var values: [Result] = []
        values.reserveCapacity(count)
        for result in results {
            guard let result else { preconditionFailure("a parallel loop left an index out") }
            values.append(try result.get())
        }
        return values
    }

    /// Safety: every index writes its own slot, and the loop ends before the buffer does.
    private struct Slots<Slot>: @unchecked Sendable {
        let base: UnsafeMutablePointer<Slot>?
    }
}
