package org.segmeter.volume;

/**
 * A code of a coding scheme, as in DICOM's Code Sequence Macro (PS3.3 section 8.8).
 *
 * @param value Code Value, for example {@code 10200004}
 * @param scheme Coding Scheme Designator, for example {@code SCT}; the retired {@code SRT} and {@code 99SDM} are mapped to SCT when read
 * @param meaning Code Meaning, for people only: it takes no part in {@link #sameCode}
 */
public record CodedConcept(String value, String scheme, String meaning) {

    /** True if value and scheme agree; the meaning is free text and does not count. */
    public boolean sameCode(CodedConcept other) {
        return value.equals(other.value) && scheme.equals(other.scheme);
    }
}
