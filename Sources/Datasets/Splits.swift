import Documents

/// The cases of one fold.
public struct FoldSplit: Sendable, Equatable {
    public let train: [String]
    public let validation: [String]

    public init(train: [String], validation: [String]) {
        self.train = train
        self.validation = validation
    }
}

/// The folds of a cross-validation: `splits_final.json`.
///
/// Source: nnU-Net's `KFold(5, shuffle, 12345)` over the sorted identifiers, and its 80:20 split for further folds.
public struct Splits: Sendable, Equatable {
    public let folds: [FoldSplit]

    public init(folds: [FoldSplit]) { self.folds = folds }

    /// The folds that nnU-Net makes.
    ///
    /// - Throws: ``DatasetError/split(_:)`` when there are fewer cases than folds.
    public init(identifiers: [String], foldCount: Int = 5, seed: UInt32 = 12345) throws(DatasetError) {
        let sorted = identifiers.sortedByCodePoints()
        guard sorted.count >= foldCount else {
            throw .split(
                "\(sorted.count) training cases cannot be split into \(foldCount) folds: write a splits_final.json "
                    + "like [{\"train\": [\"case_a\"], \"val\": [\"case_b\"]}] into the folder of the raw dataset")
        }
        var random = NumPyRandom(seed: seed)
        let shuffled = random.permutation(sorted.count).map(Int.init)
        var first = 0
        folds = (0..<foldCount).map { fold in
            let size = sorted.count / foldCount + (fold < sorted.count % foldCount ? 1 : 0)
            let held = Set(shuffled[first..<first + size])
            first += size
            return FoldSplit(
                train: sorted.indices.filter { !held.contains($0) }.map { sorted[$0] },
                validation: held.sorted().map { sorted[$0] })
        }
    }

    /// Reads a `splits_final.json` with any number of folds.
    ///
    /// - Parameter identifiers: the cases that exist; an unknown one in the file is an error.
    public init(contentsOf path: String, identifiers: [String]) throws(DatasetError) {
        let json = try DatasetError.readDocument(path, remedy: "run plan-and-preprocess, which writes it")
        let rule = "it must be a list of folds like [{\"train\": [\"case_a\"], \"val\": [\"case_b\"]}]"
        guard let entries = json.array, !entries.isEmpty else { throw .document(path: path, problems: [rule]) }
        let known = Set(identifiers)
        var problems: [String] = []
        var folds: [FoldSplit] = []
        for (index, entry) in entries.enumerated() {
            guard let train = entry["train"]?.strings, let validation = entry["val"]?.strings, !train.isEmpty else {
                problems.append("fold \(index): \(rule), with at least one training case")
                continue
            }
            let unknown = Set(train + validation).subtracting(known).sortedByCodePoints()
            if !unknown.isEmpty {
                let names = unknown.prefix(5).joined(separator: ", ") + (unknown.count > 5 ? ", …" : "")
                problems.append(
                    "fold \(index) names \(unknown.count) case\(unknown.count == 1 ? "" : "s") that the dataset does "
                        + "not have: \(names)")
            }
            folds.append(FoldSplit(train: train, validation: validation))
        }
        if !problems.isEmpty { throw .document(path: path, problems: problems) }
        self.folds = folds
    }

    /// The split of one fold.
    ///
    /// A number beyond the folds gives nnU-Net's random 80:20 split with seed 12345 + fold, its training cases in
    /// random
    /// order; `all` trains and validates on every case.
    public func split(for fold: FoldName, identifiers: [String]) throws(DatasetError) -> FoldSplit {
        let sorted = identifiers.sortedByCodePoints()
        guard case .number(let number) = fold else { return FoldSplit(train: sorted, validation: sorted) }
        if number < folds.count { return folds[number] }
        guard let seed = UInt32(exactly: 12345 + number) else { throw .notAFold(String(number)) }
        var random = NumPyRandom(seed: seed)
        let chosen = random.choiceWithoutReplacement(from: sorted.count, size: Int(Double(sorted.count) * 0.8)).map(
            Int.init)
        guard !chosen.isEmpty else {
            throw .split("fold \(number) is an 80:20 split, which needs at least 2 cases; there are \(sorted.count)")
        }
        let training = Set(chosen)
        return FoldSplit(
            train: chosen.map { sorted[$0] },
            validation: sorted.indices.filter { !training.contains($0) }.map { sorted[$0] })
    }

    public var json: JSONValue {
        .array(folds.map { ["train": .strings($0.train), "val": .strings($0.validation)] })
    }

    /// Writes the file as nnU-Net does.
    public func write(to path: String) throws(DatasetError) {
        try DatasetError.wrappingFiles { () throws(FileError) in
            try FileAccess.replace(path, with: json.text(indent: 4))
        }
    }
}
