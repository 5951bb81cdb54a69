package org.segmeter.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.segmeter.scoring.JsonDocument;
import org.segmeter.volume.InputException;
import org.segmeter.volume.InputProblem;

/** What a sender says of an evaluation is text that can be kept as it is. */
class DescriptionTest {

    @Test
    void charactersBeyondTheBasicPlaneAreKept() throws InputException {
        assertThat(Description.parse(JsonDocument.read("{\"caseId\": \"\\ud83d\\ude00\"}"))
                        .caseId())
                .isEqualTo(Character.toString(0x1F600));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"caseId\": \"a\\ud800\"}",
                "{\"caseId\": \"\\udc00\\ud800\"}",
                "{\"site\": \"\\ud83dx\"}",
                "{\"model\": {\"name\": \"\\udfff\"}}",
                "{\"labels\": {\"\\ud800\": \"x\"}}",
                "{\"labels\": {\"x\": \"\\ud800\"}}"
            })
    void halfACharacterIsRefused(String request) {
        assertThatThrownBy(() -> Description.parse(JsonDocument.read(request)))
                .isInstanceOfSatisfying(
                        InputException.class, e -> assertThat(e.problem()).isEqualTo(InputProblem.INVALID_REQUEST));
    }
}
