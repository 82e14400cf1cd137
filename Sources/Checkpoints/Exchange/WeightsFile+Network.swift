import Networks
import Tensors

/// Which tensors of a file a network takes.
public enum WeightsPart: Sendable {
    /// All of them; the file holds nothing else.
    case everything
    /// nnU-Net's rule for pretrained weights: all but the segmentation heads; what else the file holds does not matter.
    case allButHeads

    fileprivate func takes(_ entry: ParameterLayout.Entry) -> Bool {
        self == .everything || !StateDictNames.isHead(entry.name)
    }
}

extension WeightsFile {
    /// How the tensors of the file differ from a network's parameters: one phrase per difference.
    ///
    /// A parameter may stand under any of its names; those that are there must agree in shape.
    public func differences(from layout: ParameterLayout, _ part: WeightsPart = .everything) -> [String] {
        let keys = StateDictNames.keys(of: layout)
        var differences: [String] = []
        if part == .everything {
            let known = Set(keys.map(\.name))
            differences = names.filter { !known.contains($0) }.map {
                "\($0) \(tensors[$0]?.shape ?? []) is unknown to this network"
            }
        }
        var found: Set<String> = []
        for key in keys where part.takes(key.parameter) {
            guard let tensor = tensors[key.name] else { continue }
            found.insert(key.parameter.name)
            if tensor.shape != key.parameter.shape {
                differences.append(
                    "\(key.name) is \(tensor.shape) in the file and \(key.parameter.shape) in this network")
            } else if !tensor.elementType.isFloating {
                differences.append("\(key.name) holds \(tensor.elementType.rawValue), not floating-point numbers")
            }
        }
        return differences
            + layout.entries.filter { part.takes($0) && !found.contains($0.name) }.map {
                "\($0.name) \($0.shape) is missing in the file"
            }
    }

    /// Reads the parameters of a network.
    ///
    /// - Parameters:
    ///   - weights: takes them, in the layout; the scalars of other parameters stay.
    /// - Throws: ``CheckpointError``: the differences, tensors that would need more bytes than the file has, damaged
    ///   data, or a parameter with different values under two names.
    public func read(
        _ layout: ParameterLayout, _ part: WeightsPart = .everything, into weights: AlignedBuffer<Float>
    ) throws(CheckpointError) {
        precondition(
            weights.count == layout.scalarCount, "\(weights.count) weights for a layout of \(layout.scalarCount)")
        try check(layout, part)
        var names: [String: [String]] = [:]
        for key in StateDictNames.keys(of: layout) where tensors[key.name] != nil {
            names[key.parameter.name, default: []].append(key.name)
        }
        for entry in layout.entries where part.takes(entry) {
            let present = names[entry.name] ?? []
            guard let first = present.first, let tensor = tensors[first] else { continue }
            try read(tensor, into: weights.pointer + entry.offset)
            for name in present.dropFirst() {
                guard let other = tensors[name], other != tensor else { continue }
                let copy = AlignedBuffer<Float>(count: entry.count)
                try read(other, into: copy.pointer)
                let own = weights.elements[entry.range]
                guard zip(own, copy.elements).allSatisfy({ $0.bitPattern == $1.bitPattern }) else {
                    throw CheckpointError(
                        .mismatch(["\(first) and \(name) are one parameter, but have different values"]), path: path)
                }
            }
        }
    }

    /// - Throws: ``CheckpointError`` when the network's parameters are not those of the file, or could not fit in it;
    ///   to be called before memory is made for them.
    public func check(_ layout: ParameterLayout, _ part: WeightsPart = .everything) throws(CheckpointError) {
        let differences = differences(from: layout, part)
        guard differences.isEmpty else { throw CheckpointError(.mismatch(differences), path: path) }
        var counted: Set<String> = []
        var needed = 0
        for key in StateDictNames.keys(of: layout) where part.takes(key.parameter) {
            guard let tensor = tensors[key.name], counted.insert(key.parameter.name).inserted else { continue }
            needed += tensor.count * tensor.elementType.byteCount
        }
        guard needed <= byteCount else {
            throw CheckpointError(
                .notUnderstood("its tensors need \(needed) bytes, but the file has \(byteCount)"), path: path)
        }
    }
}
