package org.segmeter.format.dicom;

import java.util.Locale;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/** The refusals that occur in many places, worded once. */
final class Refusal {

    private Refusal() {}

    /** Numbers as everywhere in the product, whatever language the machine speaks. */
    static String text(String format, Object... numbers) {
        return String.format(Locale.ROOT, format, numbers);
    }

    static InputException malformed(String message, String found, String expected) {
        return new InputException(InputProblem.MALFORMED_DATASET, message, found, expected);
    }

    static InputException geometry(String message, String found, String expected) {
        return new InputException(InputProblem.INVALID_GEOMETRY, message, found, expected);
    }

    static InputException pixels(String message, String found, String expected) {
        return new InputException(InputProblem.MALFORMED_PIXEL_DATA, message, found, expected);
    }

    static InputException truncated(long position, String expected) {
        return new InputException(
                InputProblem.TRUNCATED,
                "The DICOM object ends in the middle of an element; send the complete file.",
                "end of data after " + position + " bytes",
                expected);
    }

    static InputException tooLarge(String message, String found, String expected) {
        return new InputException(InputProblem.TOO_LARGE, message, found, expected);
    }
}
