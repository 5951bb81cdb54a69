package org.segmeter.process;

import java.nio.file.Files;
import java.nio.file.Path;

/** Lets a long set rest between two faults while a file is there ({@code -Dsegmeter.faults.pause-while=FILE}): the machine is another's then. */
final class FaultPause {

    private static final String FILE = System.getProperty("segmeter.faults.pause-while", "");

    private FaultPause() {}

    static void await() throws InterruptedException {
        while (!FILE.isEmpty() && Files.exists(Path.of(FILE))) {
            Thread.sleep(1000);
        }
    }
}
