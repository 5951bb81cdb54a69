/**
 * DIMSE: instances that come by C-STORE go through the same door as those that come by STOW-RS, and reports go by C-STORE to the nodes of
 * the configuration. Upper layer and command sets are dcm4che's; every data set is read by our own reader with its limits. This package is
 * compiled only with the Maven profile {@code dcm4che}, because dcm4che is not on Maven Central.
 */
@ApplicationModule(allowedDependencies = {"database", "evaluation", "pacs", "format", "format::dicom", "security"})
@NullMarked
package org.segmeter.dimse;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
