import ArgumentParser
import Curriculum
import Prediction

/// What stands first in the name of a model's folder: a scheme, or for a model of nnU-Net the class of its trainer.
enum TrainerArgument {
    /// Reads the value of `-tr` where models are used, not trained.
    ///
    /// - Throws: `ValidationError`, as ``Curriculum/Scheme/parse(_:)``.
    static func parse(_ text: String) throws -> String {
        ModelFolder.isTrainerClass(text) ? text : try Scheme.parse(text).rawValue
    }
}
