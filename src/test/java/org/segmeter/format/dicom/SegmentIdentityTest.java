package org.segmeter.format.dicom;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.segmeter.volume.CancelSignal;
import org.segmeter.volume.CodedConcept;
import org.segmeter.volume.InputException;
import org.segmeter.volume.SegmentConcept;
import org.segmeter.volume.SegmentConcept.Laterality;

/** Two writers who mean the same structure come out the same. */
class SegmentIdentityTest {

    private static final DatasetBuilder ANATOMY = code("123037004", "SCT", "Anatomical Structure");

    private static DatasetBuilder code(String value, String scheme, String meaning) {
        return new DatasetBuilder()
                .text(Tag.CODE_VALUE, "SH", value)
                .text(Tag.CODING_SCHEME_DESIGNATOR, "SH", scheme)
                .text(Tag.CODE_MEANING, "LO", meaning);
    }

    private static SegmentConcept concept(DatasetBuilder segment) throws IOException, InputException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Part10.write(out, "1.2", "1.3", TransferSyntax.EXPLICIT_LITTLE_ENDIAN, false, segment);
        DicomFile file = DicomParser.parse(
                MemorySegment.ofArray(out.toByteArray()),
                SegObject.SELECTION,
                32,
                CancelSignal.none(),
                DicomParser.TO_THE_END,
                (header, length) -> {});
        SegmentConcept concept = Codes.concept(file.dataset(), new DicomText(null));
        if (concept == null) {
            throw new AssertionError("no concept");
        }
        return concept;
    }

    @Test
    void retiredSnomedCodesBecomeCurrentOnes() throws IOException, InputException {
        for (String scheme : List.of("SRT", "SNM3", "99SDM")) {
            SegmentConcept liver = concept(new DatasetBuilder()
                    .sequence(Tag.PROPERTY_CATEGORY_SEQUENCE, code("T-D0050", scheme, "Tissue"))
                    .sequence(Tag.PROPERTY_TYPE_SEQUENCE, code("T-62000", scheme, "Liver")));
            assertThat(liver.category().sameCode(new CodedConcept("85756007", "SCT", "")))
                    .isTrue();
            assertThat(liver.type().sameCode(new CodedConcept("10200004", "SCT", "")))
                    .isTrue();
        }
    }

    @Test
    void codesThatAreNotKnownStayAsTheyAre() {
        CodedConcept unknown = new CodedConcept("T-0815X", "SRT", "Unknown");
        assertThat(Codes.current(unknown)).isEqualTo(unknown);
        CodedConcept own = new CodedConcept("T-62000", "99MINE", "Something else");
        assertThat(Codes.current(own)).isEqualTo(own);
    }

    @Test
    void aSideIsTheSameHoweverItIsWritten() throws IOException, InputException {
        DatasetBuilder byModifier = new DatasetBuilder()
                .sequence(Tag.PROPERTY_CATEGORY_SEQUENCE, ANATOMY)
                .sequence(
                        Tag.PROPERTY_TYPE_SEQUENCE,
                        code("64033007", "SCT", "Kidney")
                                .sequence(Tag.PROPERTY_TYPE_MODIFIER_SEQUENCE, code("7771000", "SCT", "Left")));
        DatasetBuilder byRetiredModifier = new DatasetBuilder()
                .sequence(Tag.PROPERTY_CATEGORY_SEQUENCE, ANATOMY)
                .sequence(
                        Tag.PROPERTY_TYPE_SEQUENCE,
                        code("T-71000", "SRT", "Kidney")
                                .sequence(Tag.PROPERTY_TYPE_MODIFIER_SEQUENCE, code("G-A101", "SRT", "Left")));
        DatasetBuilder precoordinated = new DatasetBuilder()
                .sequence(Tag.PROPERTY_CATEGORY_SEQUENCE, ANATOMY)
                .sequence(Tag.PROPERTY_TYPE_SEQUENCE, code("18639004", "SCT", "Left kidney"));
        for (DatasetBuilder segment : List.of(byModifier, byRetiredModifier, precoordinated)) {
            SegmentConcept kidney = concept(segment);
            assertThat(kidney.type().value()).isEqualTo("64033007");
            assertThat(kidney.laterality()).isEqualTo(Laterality.LEFT);
            assertThat(kidney.typeModifiers()).isEmpty();
        }
    }

    @Test
    void aSideOfTheRegionCountsAndOtherModifiersStay() throws IOException, InputException {
        SegmentConcept lesion = concept(new DatasetBuilder()
                .sequence(Tag.PROPERTY_CATEGORY_SEQUENCE, code("49755003", "SCT", "Morphologically Abnormal Structure"))
                .sequence(
                        Tag.PROPERTY_TYPE_SEQUENCE,
                        code("86049000", "SCT", "Neoplasm, Primary")
                                .sequence(Tag.PROPERTY_TYPE_MODIFIER_SEQUENCE, code("255503000", "SCT", "Entire")))
                .sequence(
                        Tag.ANATOMIC_REGION_SEQUENCE,
                        code("39607008", "SCT", "Lung")
                                .sequence(Tag.ANATOMIC_REGION_MODIFIER_SEQUENCE, code("24028007", "SCT", "Right"))));
        assertThat(lesion.laterality()).isEqualTo(Laterality.RIGHT);
        assertThat(lesion.typeModifiers()).hasSize(1);
        assertThat(lesion.regionModifiers()).isEmpty();
    }

    private static String decoded(@Nullable String characterSet, byte[] value) {
        return new DicomText(characterSet).decode(value);
    }

    @Test
    void labelsAreDecodedByTheirCharacterSet() {
        assertThat(decoded("ISO_IR 192", "腎臓 é".getBytes(StandardCharsets.UTF_8)))
                .isEqualTo("腎臓 é");
        assertThat(decoded("ISO_IR 100", "é".getBytes(StandardCharsets.ISO_8859_1)))
                .isEqualTo("é");
        assertThat(decoded("ISO_IR 144", "Печень".getBytes(Charset.forName("ISO-8859-5"))))
                .isEqualTo("Печень");
        assertThat(decoded("GB18030", "肝".getBytes(Charset.forName("GB18030")))).isEqualTo("肝");
        assertThat(decoded(null, "Leber".getBytes(StandardCharsets.US_ASCII))).isEqualTo("Leber");
        assertThat(decoded(null, new byte[] {(byte) 0xE9})).isEqualTo("é");
    }

    @Test
    void codeExtensionsAreDecoded() {
        // The examples of PS3.5 annexes H and I.
        byte[] yamada = HexFormat.of().parseHex("1b2442 3b33 4544 1b2842 5e 1b2442 4240 4f3a 1b2842".replace(" ", ""));
        assertThat(decoded("\\ISO 2022 IR 87", yamada)).isEqualTo("山田^太郎");
        byte[] kim = HexFormat.of().parseHex("1b242943 fbf3 5e 1b242943 d1ce d4d7".replace(" ", ""));
        assertThat(decoded("\\ISO 2022 IR 149", kim)).isEqualTo("洪^吉洞");
        assertThat(new DicomText("\\ISO 2022 IR 87").isKnown()).isTrue();
        assertThat(new DicomText("KLINGON").isKnown()).isFalse();
    }

    @Test
    void labelsCannotForgeLinesOrReorderText() {
        assertThat(DicomText.clean("a\u0000b\r\nc\u2028d\u202Ee", 64)).isEqualTo("a b  c d e");
        assertThat(DicomText.clean("x".repeat(100), 64)).hasSize(64);
        assertThat(DicomText.clean("<b>=1+1", 64)).isEqualTo("<b>=1+1");
    }
}
