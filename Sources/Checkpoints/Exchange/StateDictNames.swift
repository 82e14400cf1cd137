import Networks

/// The names under which nnU-Net's state dict has each parameter: its modules are registered several times.
///
/// A block's convolution and norm, `P.conv.*` and `P.norm.*`, are also `P.all_modules.0.*` and `P.all_modules.1.*`; the
/// decoder keeps its encoder, so `encoder.*` is also `decoder.encoder.*`.
public enum StateDictNames {
    /// A name of the state dict and the parameter that it means.
    public struct Key: Sendable, Equatable {
        public let name: String
        public let parameter: ParameterLayout.Entry
    }

    /// Every key, in the order in which nnU-Net's modules give them.
    public static func keys(of layout: ParameterLayout) -> [Key] {
        keys(ofParameters: layout.entries.map(\.name)).map {
            Key(name: $0.name, parameter: layout.entries[$0.parameter])
        }
    }

    /// The same for the first names of any network's parameters; `parameter` is the place in the list.
    public static func keys(ofParameters names: [String]) -> [(name: String, parameter: Int)] {
        let encoder = blocks(names, names.indices.filter { names[$0].hasPrefix("encoder.") })
        let rest = blocks(names, names.indices.filter { !names[$0].hasPrefix("encoder.") })
        return encoder + encoder.map { ("decoder." + $0.name, $0.parameter) } + rest
    }

    /// Parameters that follow one another in the same block, then the block's second names.
    private static func blocks(_ names: [String], _ places: [Int]) -> [(name: String, parameter: Int)] {
        var keys: [(name: String, parameter: Int)] = []
        var aliases: [(name: String, parameter: Int)] = []
        var current: String?
        for place in places {
            let (block, alias) = parts(names[place])
            if block != current {
                keys += aliases
                aliases = []
                current = block
            }
            keys.append((names[place], place))
            if let alias { aliases.append((alias, place)) }
        }
        return keys + aliases
    }

    /// The block of a parameter and its second name there; nil outside of blocks.
    private static func parts(_ name: String) -> (block: String?, alias: String?) {
        let words = name.split(separator: ".").map(String.init)
        guard words.count >= 3, let index = ["conv", "norm"].firstIndex(of: words[words.count - 2]) else {
            return (nil, nil)
        }
        let block = words.dropLast(2).joined(separator: ".")
        return (block, "\(block).all_modules.\(index).\(words[words.count - 1])")
    }

    /// Whether nnU-Net's rule leaves a parameter out when pretrained weights are taken over: the segmentation heads.
    public static func isHead(_ name: String) -> Bool { name.contains(".seg_layers.") }
}
