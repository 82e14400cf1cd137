import Cluster

/// Counts what this rank has checked and remembers what was wrong.
final class Checks {
    let world: Communicator
    private var passedCount = 0
    private var failures: [String] = []

    init(_ world: Communicator) { self.world = world }

    func expect(_ isTrue: Bool, _ claim: @autoclosure () -> String, line: Int = #line, file: String = #fileID) {
        if isTrue { passedCount += 1 } else { fail(claim(), line: line, file: file) }
    }

    func expectEqual<Value: Equatable>(
        _ found: Value, _ expected: Value, _ what: @autoclosure () -> String, line: Int = #line, file: String = #fileID
    ) {
        expect(found == expected, "\(what()): \(found) where \(expected) is right", line: line, file: file)
    }

    func fail(_ message: String, line: Int = #line, file: String = #fileID) {
        failures.append("\(world.place.mark) \(file):\(line): \(message)")
    }

    /// The error that `body` throws; nil, and a failed check, when it throws none.
    func error<Failure: Error>(
        _ what: String, of kind: Failure.Type, line: Int = #line, file: String = #fileID, _ body: () throws -> Void
    ) -> Failure? {
        do {
            try body()
            fail("\(what) was not refused", line: line, file: file)
        } catch let error as Failure {
            passedCount += 1
            return error
        } catch {
            fail("\(what) ended with \(type(of: error)): \(error)", line: line, file: file)
        }
        return nil
    }

    /// Prints the failures of all ranks and the sum, on rank 0.
    ///
    /// - Returns: whether all is well, on every rank.
    func report() throws -> Bool {
        let sums = try world.allReduceSum([passedCount, failures.count])
        if let all = try world.gather(failures.prefix(20).joined(separator: "\n")) {
            for text in all where !text.isEmpty { print(text) }
            print("\(sums[0]) passed, \(sums[1]) failed")
        }
        return sums[1] == 0
    }
}
