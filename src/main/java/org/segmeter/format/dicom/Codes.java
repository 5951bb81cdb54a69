package org.segmeter.format.dicom;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.segmeter.volume.CodedConcept;
import org.segmeter.volume.InputException;
import org.segmeter.volume.SegmentConcept;
import org.segmeter.volume.SegmentConcept.Laterality;

/**
 * Reads coded concepts so that two writers who mean the same structure say the same: retired SNOMED designators (SRT, SNM3,
 * 99SDM) become SCT where the code is known, a laterality is taken out of the modifiers, and the few structures that have a code
 * of their own for each side are split into structure and side.
 */
final class Codes {

    private static final String SCT = "SCT";

    private static final Map<String, String> RETIRED = retiredCodes();

    private static final Map<String, Laterality> SIDES =
            Map.of("7771000", Laterality.LEFT, "24028007", Laterality.RIGHT, "51440002", Laterality.BILATERAL);

    private record Sided(String value, String meaning, Laterality side) {}

    /**
     * SNOMED CT structures of one side and the structure itself. Only pairs where DICOM's context groups call for structure plus
     * laterality, so that both spellings occur; the sides of the heart and the like are structures of their own.
     */
    private static final Map<String, Sided> PRECOORDINATED = Map.of(
            "18639004", new Sided("64033007", "Kidney", Laterality.LEFT),
            "9846003", new Sided("64033007", "Kidney", Laterality.RIGHT),
            "44029006", new Sided("39607008", "Lung", Laterality.LEFT),
            "3341006", new Sided("39607008", "Lung", Laterality.RIGHT),
            "80248007", new Sided("76752008", "Breast", Laterality.LEFT),
            "73056007", new Sided("76752008", "Breast", Laterality.RIGHT));

    private static final int MAXIMUM_TEXT = 64;
    private static final int MAXIMUM_MODIFIERS = 32;

    private Codes() {}

    private static Map<String, String> retiredCodes() {
        Map<String, String> codes = new HashMap<>();
        try (InputStream in = Codes.class.getResourceAsStream("srt-to-sct.csv")) {
            if (in == null) {
                throw new IllegalStateException("srt-to-sct.csv is not in the jar");
            }
            BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII));
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                int comma = line.indexOf(',');
                if (!line.startsWith("#") && comma > 0) {
                    codes.put(line.substring(0, comma), line.substring(comma + 1));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Map.copyOf(codes);
    }

    /** The concept of a code sequence item; null if it has no code. */
    static @Nullable CodedConcept read(@Nullable DicomDataset item, DicomText characterSet) {
        if (item == null) {
            return null;
        }
        String value = item.text(Tag.CODE_VALUE, characterSet, MAXIMUM_TEXT);
        if (value == null) {
            value = item.text(Tag.LONG_CODE_VALUE, characterSet, 1024);
        }
        if (value == null) {
            value = item.text(Tag.URN_CODE_VALUE, characterSet, 1024);
        }
        if (value == null) {
            return null;
        }
        String scheme = item.text(Tag.CODING_SCHEME_DESIGNATOR, characterSet, 16);
        String meaning = item.text(Tag.CODE_MEANING, characterSet, MAXIMUM_TEXT);
        return current(new CodedConcept(value, scheme == null ? "" : scheme, meaning == null ? "" : meaning));
    }

    /** The same concept in SCT, if it is one of the retired codes that are known. */
    static CodedConcept current(CodedConcept code) {
        return switch (code.scheme()) {
            case "SRT", "SNM3", "99SDM" -> {
                String sct = RETIRED.get(code.value());
                yield sct == null ? code : new CodedConcept(sct, SCT, code.meaning());
            }
            default -> code;
        };
    }

    /** What a segment is; null if it does not say both category and type. */
    static @Nullable SegmentConcept concept(DicomDataset segment, DicomText characterSet) throws InputException {
        return concept(segment, Tag.PROPERTY_TYPE_SEQUENCE, characterSet);
    }

    /** @param typeSequence the sequence that holds the code of the type */
    static @Nullable SegmentConcept concept(DicomDataset segment, int typeSequence, DicomText characterSet)
            throws InputException {
        CodedConcept category = read(segment.item(Tag.PROPERTY_CATEGORY_SEQUENCE), characterSet);
        DicomDataset typeItem = segment.item(typeSequence);
        CodedConcept type = read(typeItem, characterSet);
        if (category == null || type == null || typeItem == null) {
            return null;
        }
        DicomDataset regionItem = segment.item(Tag.ANATOMIC_REGION_SEQUENCE);
        CodedConcept region = read(regionItem, characterSet);

        Laterality[] side = {Laterality.UNSPECIFIED};
        List<CodedConcept> typeModifiers =
                modifiers(typeItem.items(Tag.PROPERTY_TYPE_MODIFIER_SEQUENCE), characterSet, side);
        List<CodedConcept> regionModifiers = regionItem == null
                ? List.of()
                : modifiers(regionItem.items(Tag.ANATOMIC_REGION_MODIFIER_SEQUENCE), characterSet, side);
        return new SegmentConcept(
                category,
                withoutSide(type, side),
                typeModifiers,
                region == null ? null : withoutSide(region, side),
                regionModifiers,
                side[0]);
    }

    private static List<CodedConcept> modifiers(List<DicomDataset> items, DicomText characterSet, Laterality[] side)
            throws InputException {
        if (items.size() > MAXIMUM_MODIFIERS) {
            throw Refusal.malformed(
                    "A segment has more modifiers than any structure needs.",
                    items.size() + "",
                    "at most " + MAXIMUM_MODIFIERS);
        }
        List<CodedConcept> rest = new ArrayList<>();
        for (DicomDataset item : items) {
            CodedConcept code = read(item, characterSet);
            Laterality found = code != null && code.scheme().equals(SCT) ? SIDES.get(code.value()) : null;
            if (found != null) {
                side[0] = both(side[0], found);
            } else if (code != null) {
                rest.add(code);
            }
        }
        return rest;
    }

    private static CodedConcept withoutSide(CodedConcept code, Laterality[] side) {
        Sided sided = code.scheme().equals(SCT) ? PRECOORDINATED.get(code.value()) : null;
        if (sided == null) {
            return code;
        }
        side[0] = both(side[0], sided.side());
        return new CodedConcept(sided.value(), SCT, sided.meaning());
    }

    /** Left said twice is left; left and right together are both sides. */
    private static Laterality both(Laterality a, Laterality b) {
        if (a == Laterality.UNSPECIFIED || a == b) {
            return b;
        }
        return Laterality.BILATERAL;
    }
}
