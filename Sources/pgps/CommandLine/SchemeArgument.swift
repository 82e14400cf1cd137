import ArgumentParser
import Curriculum
import Training

extension Scheme {
    /// Reads the value of `-tr`, for every command in the same way.
    ///
    /// - Throws: `ValidationError` with the known names and the nearest one; the parser says value and option before.
    static func parse(_ text: String) throws -> Scheme {
        do {
            return try Scheme(name: text)
        } catch .unsuitable(_, _, let rule, _) {
            throw ValidationError("it must be \(rule)")
        }
    }
}
