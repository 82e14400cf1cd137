import Cluster

/// Nobody throws alone.
enum AgreementChecks {
    private struct Trouble: Error, CustomStringConvertible {
        let description: String
    }

    static func run(_ checks: Checks) throws {
        let world = checks.world
        try world.agree(failure: nil)
        try world.agree(ok: true, "never seen")
        checks.expectEqual(try world.agreeing { world.rank * 2 }, world.rank * 2, "the result of a rank that is well")
        checks.expectEqual(try world.agreeingOnRoot { "made" }, world.isRoot ? "made" : nil, "the root's result")

        for failing in 0..<world.size {
            let expected = AgreedError(rank: failing, size: world.size, message: "trouble on \(failing)")
            let one = checks.error("the failure of rank \(failing)", of: AgreedError.self) {
                try world.agreeing { if world.rank == failing { throw Trouble(description: "trouble on \(failing)") } }
            }
            checks.expectEqual(one, expected, "the error that all ranks get")
            let many = checks.error("the failure of several ranks", of: AgreedError.self) {
                try world.agree(ok: world.rank < failing, "trouble on \(world.rank)")
            }
            checks.expectEqual(many, expected, "the lowest rank's error")
        }
        let roots = checks.error("the root's failure", of: AgreedError.self) {
            _ = try world.agreeingOnRoot { throw Trouble(description: "full") }
        }
        checks.expectEqual(roots?.description, world.size == 1 ? "full" : "full (rank 0 of \(world.size))", "its text")
        try world.barrier()
    }
}
