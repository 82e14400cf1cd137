import Curriculum

extension RunOption {
    /// The words of a list that was typed as one or several texts: they are separated by spaces or commas.
    public static func words(_ texts: [String]) -> [String] { texts.flatMap(RunText.words) }
}

extension Scheme {
    /// Understands a scheme's name as `pgps train -tr` does; between words `-` and `_` are the same.
    ///
    /// - Throws: ``ConfigurationError`` with the known names and the nearest one.
    public init(name: String) throws(ConfigurationError) {
        var said = RunOverrides()
        try said.set(.scheme, to: [name])
        guard let scheme = said.scheme else { throw .missing([.scheme], file: nil) }
        self = scheme
    }
}
