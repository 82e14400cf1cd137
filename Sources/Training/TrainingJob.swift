import Cluster
import Datasets
import Evaluation
import Threads

/// One or several folds in one job: each fold has its own group of ranks; with fewer ranks than folds they take turns.
public struct TrainingJob {
    public let configuration: RunConfiguration
    public let workspace: Workspace
    public let folds: [FoldName]
    public let mode: RunMode
    /// Takes warnings that concern the whole job.
    private let notice: (String) -> Void

    public init(
        _ configuration: RunConfiguration, workspace: Workspace, folds: [FoldName], mode: RunMode,
        notice: @escaping (String) -> Void
    ) {
        self.notice = notice
        self.configuration = configuration
        self.workspace = workspace
        self.folds = folds
        self.mode = mode
    }

    /// Trains all folds and, when there are several, scores them together.
    ///
    /// - Parameter makeObserver: called on the leading rank of every group, with the label of the fold when there are
    ///   several.
    /// - Returns: on every rank the outcome of each fold, in the order of ``folds``.
    /// - Throws: with one fold on all ranks together, as ``FoldTrainer/run()``. With several, a failing fold ends the
    ///   job.
    /// - Collective: every rank of the job.
    public func run(
        on runtime: ClusterRuntime, makeObserver: (FoldSetup, _ label: String?) -> any TrainingObserver
    ) throws -> [FoldOutcome] {
        let world = runtime.world
        let setups = try world.agreeing {
            try folds.map { try FoldSetup(configuration, fold: $0, workspace: workspace) }
        }
        _ = try world.agreeingOnRoot { try RunFolder.check(setups.map(RunFolder.init), mode) }
        try agreeOnMachine(runtime)
        if folds.count == 1 {
            let observer = world.isRoot ? makeObserver(setups[0], nil) : nil
            return [try train(setups[0], world, observer, runtime)]
        }
        let groups = RankGroups(foldCount: folds.count, rankCount: world.size)
        var own: [String] = []
        for (group, communicator) in try world.split(into: groups) {
            let setup = setups[group.fold]
            let observer = communicator.isRoot ? makeObserver(setup, setup.fold.description) : nil
            do {
                let outcome = try train(setup, communicator, observer, runtime)
                if communicator.isRoot {
                    own.append("\(group.fold) \(outcome.weightsSHA256) \(outcome.wasStopped ? 1 : 0)")
                }
            } catch {
                // The other groups know nothing of this one's failure.
                world.abort("fold \(setup.fold): \(error)")
            }
        }
        let outcomes = try gather(own, world)
        if !outcomes.contains(where: \.wasStopped) { try accumulate(setups, world) }
        return outcomes
    }

    private func train(
        _ setup: FoldSetup, _ communicator: Communicator, _ observer: (any TrainingObserver)?, _ runtime: ClusterRuntime
    ) throws -> FoldOutcome {
        try FoldTrainer(
            setup, communicator: communicator, mode: mode, observer: observer,
            note: { runtime.note("fold \(setup.fold), \($0)") }
        ).run()
    }

    /// Gives all ranks the same number of threads, without which their bits would differ, and says what else differs.
    private func agreeOnMachine(_ runtime: ClusterRuntime) throws {
        let world = runtime.world
        let counts = try world.allGather("\(Threads.count)")
        let fewest = counts.compactMap { Int($0) }.min() ?? Threads.count
        if Set(counts).count > 1 {
            Threads.setCount(fewest)
            if world.isRoot { notice("the ranks have \(counts.joined(separator: ", ")) threads; all use \(fewest)") }
        }
        let machines = Set(try world.allGather(configuration.engineDescription))
        if machines.count > 1, world.isRoot {
            notice(
                "the ranks run on different machines (\(machines.sorted().joined(separator: "; "))): other numbers of ranks "
                    + "will not give the same bits")
        }
        if world.isRoot, !runtime.unwatchedRanks.isEmpty {
            notice("nobody watches the ranks \(runtime.unwatchedRanks): if one stalls, the job waits for it")
        }
    }

    /// Brings the outcomes of all groups to all ranks, in the order of the folds.
    private func gather(_ own: [String], _ world: Communicator) throws -> [FoldOutcome] {
        let lines = try world.allGather(own.joined(separator: "\n")).flatMap { $0.split(separator: "\n") }
        var outcomes: [Int: FoldOutcome] = [:]
        for line in lines {
            let parts = line.split(separator: " ")
            guard parts.count == 3, let fold = Int(parts[0]) else { continue }
            outcomes[fold] = FoldOutcome(weightsSHA256: String(parts[1]), wasStopped: parts[2] == "1")
        }
        return folds.indices.compactMap { outcomes[$0] }
    }

    /// Scores the validations of all folds as one set; folds without validation cases are left out.
    private func accumulate(_ setups: [FoldSetup], _ world: Communicator) throws {
        let validated = setups.filter { !$0.split.validation.isEmpty }
        let cases = validated.flatMap(\.split.validation)
        guard Set(cases).count == cases.count, !cases.isEmpty else {
            if world.isRoot { notice("the folds validate on overlapping cases, so there is no common summary") }
            return
        }
        _ = try world.agreeingOnRoot {
            try CrossValidation.accumulate(
                modelFolder: setups[0].modelFolder, folds: validated.map(\.fold.description),
                referenceFolder: setups[0].referenceFolder,
                comparison: FolderComparison(description: setups[0].description, allowsMissingPredictions: true))
        }
    }
}
