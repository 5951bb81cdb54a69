package org.segmeter.pacs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.segmeter.format.dicom.DicomXml;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/** The Store Instances Response Module, held to the example of PS3.18 I.3. */
class StoreResponseTest {

    private static final String STUDY = "2.16.124.113543.6003.1154777499.30246.19789.3503430045";
    private static final String SERIES = "2.16.124.113543.6003.2588828330.45298.17418.2723805630";
    private static final String PRINT = "1.2.840.10008.3.1.2.3.1";
    private static final String CT = "1.2.840.10008.5.1.4.1.1.2";

    @Test
    void twoFailedOneStoredOneWithAWarningAreAnsweredAsTheStandardsExampleShows() throws Exception {
        StoreResponse response = new StoreResponse(
                List.of(
                        failed("2.16.124.113543.6003.1011758472.49886.19426.2085542308"),
                        failed("2.16.124.113543.6003.1011758472.49886.19426.2085542309"),
                        stored("2.16.124.113543.6003.189642796.63084.16748.2599092903", null),
                        stored(
                                "2.16.124.113543.6003.189642796.63084.16748.2599092905",
                                StoreOutcome.Reason.STORED_WITH_MISMATCH)),
                path -> "https://wadors.hospital.com" + path);
        assertThat(response.status()).isEqualTo(202);
        assertThat(model(DicomXml.document(response::writeTo))).isEqualTo(model(EXAMPLE));
    }

    private static StoreOutcome failed(String sop) {
        return new StoreOutcome.Refused(PRINT, sop, StoreOutcome.Reason.SOP_CLASS_NOT_SUPPORTED, "");
    }

    private static StoreOutcome stored(String sop, StoreOutcome.Reason warning) {
        return new StoreOutcome.Stored(
                Instances.stored(sop, CT, STUDY, SERIES, Set.of(), List.of()), warning, null, List.of());
    }

    /** Elements by path, because their order carries no meaning: items and values with vr and keyword. */
    private static SortedMap<String, String> model(String xml) throws Exception {
        SortedMap<String, String> model = new TreeMap<>();
        collect(
                DocumentBuilderFactory.newInstance()
                        .newDocumentBuilder()
                        .parse(new ByteArrayInputStream(xml.getBytes(StandardCharsets.UTF_8)))
                        .getDocumentElement(),
                "",
                model);
        assertThat(model).hasSizeGreaterThan(10);
        return model;
    }

    private static void collect(Element element, String path, SortedMap<String, String> model) {
        NodeList children = element.getChildNodes();
        for (int i = 0; i < children.getLength(); i++) {
            Node child = children.item(i);
            if (child instanceof Element e) {
                switch (e.getTagName()) {
                    case "DicomAttribute" ->
                        collect(
                                e,
                                path + "/" + e.getAttribute("tag") + " " + e.getAttribute("vr") + " "
                                        + e.getAttribute("keyword"),
                                model);
                    case "Item" -> collect(e, path + "[" + e.getAttribute("number") + "]", model);
                    case "Value" ->
                        model.put(
                                path + "#" + e.getAttribute("number"),
                                e.getTextContent().replaceAll("\\s", ""));
                    default -> throw new AssertionError(e.getTagName());
                }
            }
        }
    }

    /** Data of PS3.18 I.3, with a warning of another reason: this service never coerces. */
    private static final String EXAMPLE = """
        <NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM">
          <DicomAttribute tag="00081198" vr="SQ" keyword="FailedSOPSequence">
            <Item number="1">
              <DicomAttribute tag="00081150" vr="UI" keyword="ReferencedSOPClassUID">
                <Value number="1">1.2.840.10008.3.1.2.3.1</Value></DicomAttribute>
              <DicomAttribute tag="00081155" vr="UI" keyword="ReferencedSOPInstanceUID">
                <Value number="1">2.16.124.113543.6003.1011758472.49886.19426.2085542308</Value></DicomAttribute>
              <DicomAttribute tag="00081197" vr="US" keyword="FailureReason"><Value number="1">290</Value></DicomAttribute>
            </Item>
            <Item number="2">
              <DicomAttribute tag="00081150" vr="UI" keyword="ReferencedSOPClassUID">
                <Value number="1">1.2.840.10008.3.1.2.3.1</Value></DicomAttribute>
              <DicomAttribute tag="00081155" vr="UI" keyword="ReferencedSOPInstanceUID">
                <Value number="1">2.16.124.113543.6003.1011758472.49886.19426.2085542309</Value></DicomAttribute>
              <DicomAttribute tag="00081197" vr="US" keyword="FailureReason"><Value number="1">290</Value></DicomAttribute>
            </Item>
          </DicomAttribute>
          <DicomAttribute tag="00081199" vr="SQ" keyword="ReferencedSOPSequence">
            <Item number="1">
              <DicomAttribute tag="00081150" vr="UI" keyword="ReferencedSOPClassUID">
                <Value number="1">1.2.840.10008.5.1.4.1.1.2</Value></DicomAttribute>
              <DicomAttribute tag="00081155" vr="UI" keyword="ReferencedSOPInstanceUID">
                <Value number="1">2.16.124.113543.6003.189642796.63084.16748.2599092903</Value></DicomAttribute>
              <DicomAttribute tag="00081190" vr="UR" keyword="RetrieveURL"><Value number="1">
                https://wadors.hospital.com/studies/2.16.124.113543.6003.1154777499.30246.19789.3503430045/series/2.16.124.113543.6003.2588828330.45298.17418.2723805630/instances/2.16.124.113543.6003.189642796.63084.16748.2599092903
              </Value></DicomAttribute>
            </Item>
            <Item number="2">
              <DicomAttribute tag="00081150" vr="UI" keyword="ReferencedSOPClassUID">
                <Value number="1">1.2.840.10008.5.1.4.1.1.2</Value></DicomAttribute>
              <DicomAttribute tag="00081155" vr="UI" keyword="ReferencedSOPInstanceUID">
                <Value number="1">2.16.124.113543.6003.189642796.63084.16748.2599092905</Value></DicomAttribute>
              <DicomAttribute tag="00081196" vr="US" keyword="WarningReason"><Value number="1">45063</Value></DicomAttribute>
              <DicomAttribute tag="00081190" vr="UR" keyword="RetrieveURL"><Value number="1">
                https://wadors.hospital.com/studies/2.16.124.113543.6003.1154777499.30246.19789.3503430045/series/2.16.124.113543.6003.2588828330.45298.17418.2723805630/instances/2.16.124.113543.6003.189642796.63084.16748.2599092905
              </Value></DicomAttribute>
            </Item>
          </DicomAttribute>
          <DicomAttribute tag="00081190" vr="UR" keyword="RetrieveURL"><Value number="1">
            https://wadors.hospital.com/studies/2.16.124.113543.6003.1154777499.30246.19789.3503430045
          </Value></DicomAttribute>
        </NativeDicomModel>
        """;
}
