package org.segmeter.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.UncategorizedSQLException;

/** A full disk is known by the words of the system or the state of the database, however deep it is wrapped. */
class FullDiskTest {

    @Test
    void isFull() {
        assertThat(FullDisk.is(new IOException("No space left on device"))).isTrue();
        assertThat(FullDisk.is(
                        new UncheckedIOException("x", new FileSystemException("f", null, "Disk quota exceeded"))))
                .isTrue();
        assertThat(FullDisk.is(new UncategorizedSQLException("t", "s", new SQLException("could not extend", "53100"))))
                .isTrue();
    }

    @Test
    void isNot() {
        assertThat(FullDisk.is(new IOException("Input/output error"))).isFalse();
        assertThat(FullDisk.is(new IllegalStateException("No space left on device")))
                .isFalse();
        assertThat(FullDisk.is(new SQLException("gone", "08006"))).isFalse();
        assertThat(FullDisk.is(new IOException())).isFalse();
    }
}
